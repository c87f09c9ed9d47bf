import type { JsonObject } from './json.ts';

/** What a {@link BanyanError} carries besides its code and message. */
export interface ErrorOptions {
  /** True when the same call may succeed later without anybody changing anything. */
  readonly retryable?: boolean;
  /** Facts for a program: what was given, what was expected. Never a secret, never a row's values. */
  readonly details?: JsonObject;
  readonly cause?: unknown;
}

/**
 * The only error that Banyan throws on purpose. `code` is stable (SCREAMING_SNAKE_CASE, listed in the room's
 * README); the message names the input, what was expected and what to do next.
 */
export class BanyanError extends Error {
  override readonly name = 'BanyanError';
  readonly code: string;
  readonly retryable: boolean;
  readonly details: JsonObject;

  constructor(code: string, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.retryable = options.retryable ?? false;
    this.details = options.details ?? {};
  }
}

/** Whether a thrown value is a {@link BanyanError}; by shape, since a bundle may carry its own copy of the class. */
export function isBanyanError(error: unknown, code?: string): error is BanyanError {
  const like = error as BanyanError | undefined;
  return error instanceof Error && like?.name === 'BanyanError' && (code === undefined || like.code === code);
}

/** Makes an error of whatever was thrown, so that it can be a cause and has a message. */
export function toError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
