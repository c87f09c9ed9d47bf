import { BanyanError, isBanyanError, toError } from 'banyan/runtime';

/** The SQLSTATE of a Postgres error, or Node's code of a network error. */
export function codeOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === 'string' ? code : undefined;
}

/** Postgres is starting, shutting down, or has no place for one more. Source: the manual, "Error Codes". */
const passing = new Set(['57P01', '57P02', '57P03', '53300']);
const isSqlState = /^[0-9A-Z]{5}$/;

/** A connection that could not be made. */
export function unreachable(where: string, error: unknown): BanyanError {
  if (isBanyanError(error)) return error;
  const code = codeOf(error);
  const retryable = code === undefined || !isSqlState.test(code) || passing.has(code);
  return new BanyanError(
    'SOURCE_UNREACHABLE',
    `Cannot connect to ${where}: ${said(error)}. Check host, port, user, password, database and pg_hba.conf.`,
    { retryable, cause: error, details: { where, code: code ?? null } },
  );
}

/** A connection that was lost, or a statement that failed for a reason that passes. */
export function disconnected(where: string, error: unknown): BanyanError {
  if (isBanyanError(error)) return error;
  return new BanyanError(
    'SOURCE_DISCONNECTED',
    `The connection to ${where} ended: ${said(error)}. Capture continues from its log when it opens the source again.`,
    { retryable: true, cause: error, details: { where, code: codeOf(error) ?? null } },
  );
}

/** An error while a statement ran: a lost connection, or something that Postgres refuses. */
export function failed(where: string, doing: string, error: unknown): BanyanError {
  if (isBanyanError(error)) return error;
  const code = codeOf(error);
  if (code === undefined || !isSqlState.test(code) || passing.has(code)) return disconnected(where, error);
  const blocked = code === '55P03' || code === '57014';
  return new BanyanError(
    blocked ? 'SOURCE_LOCKED' : 'SOURCE_FAILED',
    blocked
      ? `${where}: ${doing} waited too long for a lock that somebody holds (${said(error)}). ` +
          'It gave up, to block nobody. Try again when the other statement has ended.'
      : `${where}: ${doing} failed: ${said(error)}.`,
    { retryable: blocked, cause: error, details: { where, code } },
  );
}

/** What an error says, without a dot at the end. */
export function said(error: unknown): string {
  const { message } = toError(error);
  // Node joins the attempts on several addresses into an error without a message.
  const inner =
    error instanceof AggregateError ? error.errors.map((one) => toError(one).message).join(', ') : '';
  return (message || inner || codeOf(error) || 'no reason was given').replace(/\.$/, '');
}
