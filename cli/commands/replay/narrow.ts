import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Narrow, NarrowChoice } from 'banyan/replay';
import { toError } from 'banyan/runtime';
import { usageError } from '../../arguments.ts';
import { predicateIn } from './predicate-file.ts';

/** Options of a rebuild of some keys only. */
export interface NarrowOptions {
  readonly keys?: readonly string[];
  readonly keysFile?: string;
  readonly where?: string;
  readonly since?: string;
  readonly sample: number;
}

/** What the options say; undefined: the whole view. @throws BanyanError USAGE */
export async function narrowOf(options: NarrowOptions, cwd: string): Promise<Narrow | undefined> {
  const { keys = [], keysFile, where, since, sample } = options;
  const given = [keys.length > 0 || keysFile !== undefined, where !== undefined, since !== undefined];
  if (given.filter(Boolean).length > 1)
    throw usageError('Of --keys (with --keys-file), --where and --since one can be given.');
  const choice =
    where !== undefined ? await byDocument(where, cwd) : since !== undefined ? bySince(since) : undefined;
  if (choice) return { choice, sample };
  if (!given[0]) return undefined;
  const all = new Set([...keys, ...(keysFile === undefined ? [] : await keysIn(resolve(cwd, keysFile)))]);
  if (all.size === 0) throw usageError(`${keysFile ?? '--keys'} names no key.`);
  return { choice: { kind: 'keys', keys: all }, sample };
}

async function keysIn(file: string): Promise<readonly string[]> {
  try {
    return (await readFile(file, 'utf8')).split(/\r?\n/).filter((line) => line !== '');
  } catch (error) {
    throw usageError(`--keys-file ${file} cannot be read: ${toError(error).message}`);
  }
}

async function byDocument(text: string, cwd: string): Promise<NarrowChoice> {
  if (/\.[cm]?[jt]s$/.test(text)) {
    const where = await predicateIn('--where', resolve(cwd, text), '(document, key) => boolean');
    return { kind: 'where', where: where as Extract<NarrowChoice, { kind: 'where' }>['where'] };
  }
  const at = text.indexOf('=');
  if (at <= 0) throw usageError(`--where ${text}: expected field=value, or a file that exports a predicate.`);
  const [field, value] = [text.slice(0, at), text.slice(at + 1)];
  return { kind: 'where', where: fieldIs(field.split('.'), value) };
}

function fieldIs(path: readonly string[], value: string): Extract<NarrowChoice, { kind: 'where' }>['where'] {
  const isMeant = (document: object): boolean => {
    let found: unknown = document;
    for (const name of path) found = (found as Record<string, unknown> | null | undefined)?.[name];
    return (typeof found === 'string' ? found : JSON.stringify(found)) === value;
  };
  // A resumed rebuild is known by what its condition says.
  return Object.assign(isMeant, { toString: () => `${path.join('.')}=${value}` });
}

function bySince(text: string): NarrowChoice {
  const time = Date.parse(text);
  if (Number.isNaN(time)) throw usageError(`--since ${text}: expected a time, as 2026-03-01T09:30:00Z.`);
  return { kind: 'since', since: new Date(time).toISOString().replace('Z', '000Z') };
}
