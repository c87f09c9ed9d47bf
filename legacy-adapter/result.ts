/** Why the monolith's answer to a write is not known. */
export type UnknownReason = 'timeout' | 'connectionLost' | 'answerBroken' | 'redirected' | 'proxyFailed';
/** Why a write was not sent. */
export type NotSentReason = 'unreachable' | 'queueFull' | 'queueTimeout' | 'closed';

/** What became of a write. Never an exception: each kind asks for another answer to the client. */
export type LegacyResult =
  /** The monolith answered 2xx. `body` is JSON where the answer said so and was, else text; undefined when empty. */
  | { readonly kind: 'accepted'; readonly status: number; readonly body: unknown }
  /** It answered 2xx with more than the adapter reads: the write happened, its answer is lost. */
  | { readonly kind: 'acceptedUnread'; readonly status: number }
  /** It answered 4xx: the write did not happen, and its answer says why. */
  | {
      readonly kind: 'refused';
      readonly status: number;
      readonly body: unknown;
      /** Seconds or a date, as the monolith said. */
      readonly retryAfter: string | undefined;
    }
  /** It answered 5xx, or asked for another address: it said that the write did not succeed. */
  | { readonly kind: 'failed'; readonly status: number }
  /** The request was or may have been sent, and no whole answer came: the write may have happened. Never repeated. */
  | { readonly kind: 'unknown'; readonly reason: UnknownReason; readonly status?: number }
  /** Nothing was sent: the write did not happen. */
  | { readonly kind: 'notSent'; readonly reason: NotSentReason; readonly code?: string };

/**
 * What a status line says about a write, before the body is read.
 *
 * 502 and 504 come from a proxy that lost the monolith in the middle, so nobody knows; after 301, 302 and 303 the
 * write has usually happened (POST, redirect, GET); 307 and 308 say that it was not handled there (RFC 9110, 15.4).
 */
export function verdict(status: number): 'accepted' | 'refused' | 'failed' | 'redirected' | 'proxyFailed' {
  if (status >= 200 && status < 300) return 'accepted';
  if (status === 307 || status === 308) return 'failed';
  if (status >= 300 && status < 400) return 'redirected';
  if (status >= 400 && status < 500) return 'refused';
  return status === 502 || status === 504 ? 'proxyFailed' : 'failed';
}
