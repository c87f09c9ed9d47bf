import type { Caller } from 'banyan/legacy-adapter';
import { BanyanError, systemClock, toError, type Clock } from 'banyan/runtime';
import { createRemoteJWKSet, customFetch, errors, jwtVerify, type JWTPayload } from 'jose';

/** What a token turned out to be. */
export type Verified =
  | { readonly kind: 'caller'; readonly who: Caller }
  /** `why` is for the client: it names the claim, not its value. */
  | { readonly kind: 'refused'; readonly why: string }
  /** The keys cannot be had: nobody can say. */
  | { readonly kind: 'unavailable'; readonly cause: Error };

/** Checks callers' tokens, as a port. Adapter: {@link jwt}. */
export interface Identity {
  readonly kind: string;
  verify(token: string): Promise<Verified>;
}

/** Whose tokens are taken. */
export interface JwtOptions {
  /** Where the issuer publishes its keys; https, or http on this machine. */
  readonly jwksUrl: string;
  readonly issuer: string;
  readonly audience: string | readonly string[];
  /** Asymmetric signature algorithms. Default: all of RS, PS, ES and EdDSA. */
  readonly algorithms?: readonly string[];
  /** Seconds by which clocks may differ. Default 5. */
  readonly clockToleranceS?: number;
  /** Milliseconds to wait for the keys. Default 3,000. */
  readonly timeoutMs?: number;
  /** Milliseconds between two requests for keys, whatever key ids tokens name. Default 30,000. */
  readonly cooldownMs?: number;
  readonly clock?: Clock;
}

const asymmetric = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  ...['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'],
];

/**
 * Takes signed JWTs (RFC 7519, with `sub` and `exp`) of one issuer for one audience, whose keys it publishes as a
 * JWK set. Keys are cached for ten minutes.
 * @throws BanyanError JWT_OPTIONS_INVALID
 */
export function jwt(options: JwtOptions): Identity {
  const clock = options.clock ?? systemClock;
  const algorithms = [...(options.algorithms ?? asymmetric)];
  checkAlgorithms(algorithms);
  const keys = createRemoteJWKSet(keysUrl(options.jwksUrl), {
    timeoutDuration: options.timeoutMs ?? 3000,
    cooldownDuration: options.cooldownMs ?? 30_000,
    [customFetch]: withPause(clock, 1000),
  });
  const verify = async (token: string): Promise<Verified> => {
    try {
      const { payload } = await jwtVerify(token, keys, {
        algorithms,
        issuer: options.issuer,
        audience: [options.audience].flat(),
        requiredClaims: ['sub', 'exp'],
        clockTolerance: options.clockToleranceS ?? 5,
        currentDate: new Date(clock.now()),
      });
      return callerOf(payload, token);
    } catch (error) {
      return refusalOf(error);
    }
  };
  return { kind: 'jwt', verify };
}

function callerOf(payload: JWTPayload, token: string): Verified {
  const { sub } = payload;
  if (typeof sub !== 'string' || sub === '') return { kind: 'refused', why: 'the claim "sub" is empty' };
  return { kind: 'caller', who: { sub, claims: payload, token } };
}

/** Of jose's errors only these are about the token; any other means that the keys could not be had or used. */
function refusalOf(error: unknown): Verified {
  if (error instanceof errors.JWTExpired) return { kind: 'refused', why: 'the token has expired' };
  if (error instanceof errors.JWTClaimValidationFailed) {
    return { kind: 'refused', why: `the claim "${error.claim}" is not as it must be` };
  }
  if (error instanceof errors.JOSEAlgNotAllowed) {
    return { kind: 'refused', why: 'its algorithm is not allowed' };
  }
  const aboutToken =
    error instanceof errors.JWSInvalid ||
    error instanceof errors.JWTInvalid ||
    error instanceof errors.JWSSignatureVerificationFailed ||
    error instanceof errors.JWKSNoMatchingKey ||
    error instanceof errors.JWKSMultipleMatchingKeys ||
    error instanceof errors.JOSENotSupported;
  if (aboutToken) return { kind: 'refused', why: 'the token is not valid' };
  return { kind: 'unavailable', cause: toError(error) };
}

/** jose asks again at once after a failure; while the issuer is down, that would be with every request. */
function withPause(clock: Clock, pauseMs: number): (url: string, init: RequestInit) => Promise<Response> {
  let failed: { readonly until: number; readonly error: Error } | undefined;
  return async (url, init) => {
    if (failed && clock.now() < failed.until) throw failed.error;
    try {
      const response = await fetch(url, init);
      failed = undefined;
      return response;
    } catch (error) {
      failed = { until: clock.now() + pauseMs, error: toError(error) };
      throw error;
    }
  };
}

function checkAlgorithms(algorithms: readonly string[]): void {
  const wrong = algorithms.filter((one) => !asymmetric.includes(one));
  if (algorithms.length > 0 && wrong.length === 0) return;
  throw new BanyanError(
    'JWT_OPTIONS_INVALID',
    `jwt({ algorithms }) was given ${wrong.join(', ') || 'none'}; expected some of ${asymmetric.join(', ')}. ` +
      'Symmetric algorithms and "none" are not taken: whoever can check such a token can make one.',
  );
}

function keysUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const here = url && ['127.0.0.1', '[::1]', 'localhost'].includes(url.hostname);
  if (url?.protocol === 'https:' || (here && url.protocol === 'http:')) return url;
  throw new BanyanError(
    'JWT_OPTIONS_INVALID',
    `jwt({ jwksUrl }) was given ${JSON.stringify(text)}; expected an https URL, or http on this machine.`,
  );
}
