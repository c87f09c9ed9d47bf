import { toError } from 'banyan/runtime';
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

function wasBeforeSending(thrown: unknown): boolean {
  const error = rootOf(thrown);
  // Several addresses were tried: each of them must have failed before sending.
  if (error instanceof AggregateError && error.errors.length > 0) {
    return error.errors.every((one) => wasBeforeSending(one));
  }
  // Node's fetch refuses some ports (those of other protocols) without a code and without connecting.
  if (error.message === 'bad port') return true;
  const { code, syscall } = error as NodeJS.ErrnoException;
  return (code !== undefined && beforeSending.has(code)) || (code === 'ETIMEDOUT' && syscall === 'connect');
}

function codeOf(thrown: unknown): string | undefined {
  const { code } = rootOf(thrown) as NodeJS.ErrnoException;
  return typeof code === 'string' ? code : undefined;
}

/** `fetch` wraps what happened into a TypeError. */
function rootOf(thrown: unknown): Error {
  const error = toError(thrown);
  return error instanceof TypeError && error.cause instanceof Error ? error.cause : error;
}
