import { isBanyanError, isNetworkFailure } from 'banyan/runtime';

/** Names by which AWS's SDK, and `fetch`, tell that nobody answered in time, or that too much was asked. */
const unanswered =
  /timeout|throttl|networkingerror|toomanyrequests|serviceunavailable|internal(failure|server)/i;

/** What errors have that tell of a call over a network. */
interface Told {
  readonly name?: unknown;
  readonly code?: unknown;
  readonly cause?: unknown;
  readonly $metadata?: { readonly httpStatusCode?: number };
}

/**
 * Whether the same call may succeed later, though nobody does anything: an error that says so, or one of the network,
 * the outermost that says anything. One whose meaning nobody knows may not.
 */
export function mayPass(error: unknown): boolean {
  if (isBanyanError(error)) return error.retryable;
  if (typeof error !== 'object' || error === null) return false;
  const { name, code, cause, $metadata } = error as Told;
  const status = $metadata?.httpStatusCode;
  if (status !== undefined) return status >= 500 || status === 429 || unanswered.test(String(name));
  if (isNetworkFailure({ code })) return true;
  return (typeof name === 'string' && unanswered.test(name)) || mayPass(cause);
}
