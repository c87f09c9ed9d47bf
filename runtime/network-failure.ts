/**
 * Whether a call failed on the way to its server: name look-up, socket or TLS. A later one may succeed; what was asked
 * may be done all the same. A certificate that is not trusted is none of these: no second try would find it better.
 */
export function isNetworkFailure(error: { readonly code?: unknown; readonly message?: unknown }): boolean {
  return failures.test(`${String(error.code)} ${String(error.message)}`);
}

/** Codes and messages: an error of another realm that the AWS SDK passes on has its code within its message. */
const failures =
  /\b(ECONN(REFUSED|RESET|ABORTED)|ENOTFOUND|EAI_(AGAIN|FAIL)|E(HOST|NET)(UNREACH|DOWN)|ENETRESET|ETIMEDOUT|ESOCKETTIMEDOUT|ERR_SOCKET_TIMEOUT|EPIPE|EPROTO|EADDRNOTAVAIL|ERR_SSL_\w+|ERR_STREAM_PREMATURE_CLOSE)\b|socket hang up|socket disconnected|aborted/i;
