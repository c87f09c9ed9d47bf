import { BanyanError, toError } from '../errors.ts';
import type { JsonObject } from '../json.ts';
import { fileErrorCode } from '../node-file-system.ts';

/** Somebody who reads a log up to somewhere finds it closed before. */
export function readClosed(): BanyanError {
  return new BanyanError(
    'LOG_CLOSED',
    'The log was closed while it was read: what was read of it is not all that it holds. Open it again to read it.',
  );
}

/** A log on disk that is not what was written. Never skipped, never mended by guessing. */
export function corrupt(
  file: string,
  offset: number | undefined,
  what: string,
  details: JsonObject = {},
): BanyanError {
  const where = offset === undefined ? file : `${file} at byte ${offset}`;
  return new BanyanError(
    'LOG_CORRUPT',
    `The log file ${where} is damaged: ${what}. Nothing was changed. Restore the file from a copy of the log's ` +
      `directory, then start again; "banyan log verify" shows everything that is damaged.`,
    { details: { file, ...(offset === undefined ? {} : { offset }), what, ...details } },
  );
}

/** A log whose end nobody can tell for now. */
export function unsettled(directory: string): BanyanError {
  return new BanyanError(
    'LOG_UNSETTLED',
    `The log in ${directory} cannot be read to its end for now: a new writer is finding out what the one before left, or ` +
      'ended at that on another host. Try again; if that does not help, see that its writer runs.',
    { details: { directory }, retryable: true },
  );
}

/** Says of a failed file operation what to do about it. */
export function storageError(thrown: unknown, owner: string, directory: string): BanyanError {
  if (thrown instanceof BanyanError) return thrown;
  const cause = toError(thrown);
  const code = fileErrorCode(cause) ?? 'unknown';
  const options = { cause, details: { directory, code } };
  const again = 'Everything acknowledged so far is safe; nothing later was kept. Then start it again.';
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return new BanyanError(
        'LOG_DISK_FULL',
        `${owner} cannot write its log: no space is left for ${directory}. Free or add disk space. ${again}`,
        options,
      );
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new BanyanError(
        'LOG_NOT_WRITABLE',
        `${owner} cannot write its log: ${directory} is not writable (${code}). Give this user the right to write ` +
          `there, or name another directory. ${again}`,
        options,
      );
    default:
      return new BanyanError(
        'LOG_FAILED',
        `${owner} cannot write its log in ${directory}: ${cause.message}. Check the disk. ${again}`,
        options,
      );
  }
}

/** A call that the log's rules do not allow: a mistake in the program, not on the disk. */
export function misuse(what: string, details: JsonObject = {}): BanyanError {
  return new BanyanError('LOG_MISUSE', what, { details });
}
