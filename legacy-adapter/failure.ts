import type { SendingPhase } from './sending.ts';
import type { LegacyResult } from './result.ts';

/** Errors of name resolution and connecting: no byte of the request can have gone out. */
const beforeSending = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EAI_FAIL',
  'EADDRNOTAVAIL',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
  // The TLS handshake comes before the request.
  'CERT_HAS_EXPIRED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'ERR_TLS_CERT_ALTNAME_INVALID',
]);

/**
 * What a failed `fetch` means. Only what surely happened before a byte went out is `notSent`; every doubt is
 * `unknown`.
 * @param timedOut whether our own time-out ended it
 */
export function failureOf(thrown: unknown, phase: SendingPhase, timedOut: boolean): LegacyResult {
  const code = codeOf(thrown);
  const surelyNot = phase === 'waiting' || (phase === 'unseen' && wasBeforeSending(thrown));
  if (surelyNot) return { kind: 'notSent', reason: 'unreachable', ...(code === undefined ? {} : { code }) };
  return { kind: 'unknown', reason: timedOut ? 'timeout' : 'connectionLost' };
}

/** What errors of `fetch` are looked at for; by shape, since an error may come from another realm. */
interface ErrorShape {
  readonly code?: unknown;
  readonly syscall?: unknown;
  readonly message?: unknown;
  readonly errors?: unknown;
  readonly cause?: unknown;
}

function wasBeforeSending(thrown: unknown): boolean {
  const { code, syscall, message, errors } = rootOf(thrown);
  // Several addresses were tried: each of them must have failed before sending.
  if (Array.isArray(errors) && errors.length > 0) return errors.every((one) => wasBeforeSending(one));
  // Node's fetch refuses some ports (those of other protocols) without a code and without connecting.
  if (message === 'bad port') return true;
  return (
    (typeof code === 'string' && beforeSending.has(code)) || (code === 'ETIMEDOUT' && syscall === 'connect')
  );
}

function codeOf(thrown: unknown): string | undefined {
  const { code } = rootOf(thrown);
  return typeof code === 'string' ? code : undefined;
}

/** `fetch` throws one error for all, whose cause is what happened. */
function rootOf(thrown: unknown): ErrorShape {
  if (typeof thrown !== 'object' || thrown === null) return {};
  const { cause } = thrown as ErrorShape;
  return typeof cause === 'object' && cause !== null ? cause : thrown;
}
