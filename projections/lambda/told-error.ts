import { BanyanError, isBanyanError, toError } from 'banyan/runtime';

/**
 * An error as a log may have it. What a parser says quotes what it was given, which may be a person's data: where one is
 * among the causes, what was thrown is told without them.
 */
export function toldError(thrown: unknown): Error {
  const error = toError(thrown);
  if (!isOfParser(error)) return error;
  if (isBanyanError(error)) {
    const { code, message, details, retryable } = error;
    return new BanyanError(code, message, { details, retryable });
  }
  const told = new Error('A text that was expected to be JSON cannot be parsed.');
  told.name = 'SyntaxError';
  return told;
}

function isOfParser(error: unknown): boolean {
  return error instanceof Error && (error.name === 'SyntaxError' || isOfParser(error.cause));
}
