import { BanyanError } from '../errors.ts';
import type { FileSystem } from '../file-system.ts';
import { fileErrorCode } from '../node-file-system.ts';
import { corrupt } from './errors.ts';

/** What a directory holds; kept in its `log.json`. */
export interface LogIdentity {
  /** `change-log`, `event-log`. */
  readonly kind: string;
  /** Which of them: `shop`. */
  readonly name: string;
  /** Whether positions have no gaps. */
  readonly dense: boolean;
}

const format = 1;

/** Marks the directory as this log, or checks that it is this one. */
export async function claimDirectory(
  fileSystem: FileSystem,
  directory: string,
  identity: LogIdentity,
): Promise<void> {
  const text = `${JSON.stringify({ format, ...identity })}\n`;
  if (await fileSystem.createExclusive(`${directory}/log.json`, text)) return;
  const found = await readIdentity(fileSystem, directory);
  checkIdentity(found, identity, directory);
}

/** @throws BanyanError LOG_NOT_FOUND, LOG_FORMAT_UNKNOWN, LOG_CORRUPT */
export async function readIdentity(fileSystem: FileSystem, directory: string): Promise<LogIdentity> {
  const path = `${directory}/log.json`;
  const text = await fileSystem.readWhole(path).catch((error: unknown) => {
    if (fileErrorCode(error) !== 'ENOENT') throw error;
    throw new BanyanError(
      'LOG_NOT_FOUND',
      `There is no log in ${directory}: it has no log.json. Check the path; a log is begun by its writer's first start.`,
      { details: { directory } },
    );
  });
  const found = parse(text.toString());
  if (found === undefined) throw corrupt(path, undefined, 'it is not the description of a log');
  if (found.format !== format) {
    throw new BanyanError(
      'LOG_FORMAT_UNKNOWN',
      `The log in ${directory} has format ${String(found.format)}; this version of Banyan reads format ${format}. ` +
        'Run the version of Banyan that wrote it, or a newer one.',
      { details: { directory, format: String(found.format) } },
    );
  }
  const { kind, name, dense } = found;
  return { kind, name, dense };
}

/** @throws BanyanError LOG_MISMATCH when the directory holds another log. */
export function checkIdentity(found: LogIdentity, expected: Partial<LogIdentity>, directory: string): void {
  const wanted = { ...found, ...expected };
  if (wanted.kind === found.kind && wanted.name === found.name && wanted.dense === found.dense) return;
  throw new BanyanError(
    'LOG_MISMATCH',
    `The directory ${directory} holds ${describe(found)}, not ${describe(wanted)}. Name another directory.`,
    { details: { directory, found: describe(found), expected: describe(wanted) } },
  );
}

function describe({ kind, name, dense }: LogIdentity): string {
  return `the ${kind} "${name}"${dense ? '' : ' (with gaps)'}`;
}

function parse(text: string): (LogIdentity & { readonly format: unknown }) | undefined {
  try {
    return JSON.parse(text) as LogIdentity & { readonly format: unknown };
  } catch {
    return undefined;
  }
}
