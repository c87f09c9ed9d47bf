import type { Caller } from 'banyan/legacy-adapter';
import { BanyanError, type Clock } from 'banyan/runtime';
import { createRemoteJWKSet, errors, jwtVerify, type JWTVerifyGetKey, type JWTVerifyOptions } from 'jose';

/** Who signs the callers' tokens; a plain declaration for the configuration. */
export interface Identity {
  readonly kind: 'jwt';
  /** Where the issuer serves its key set (RFC 7517), `http` or `https`. */
  readonly jwksUrl: string;
  /** The `iss` that tokens must have. */
  readonly issuer: string;
  /** The `aud` that tokens must have; absent: it is not checked. */
  readonly audience?: string;
}

/**
 * Declares that callers prove themselves by a signed token (JWT) of an issuer.
 * @throws BanyanError IDENTITY_INVALID
 */
export function jwt(options: Omit<Identity, 'kind'>): Identity {
  const url = URL.canParse(options.jwksUrl) ? new URL(options.jwksUrl) : undefined;
  if (url !== undefined && /^https?:$/.test(url.protocol) && options.issuer !== '') return { kind: 'jwt', ...options };
  throw new BanyanError(
    'IDENTITY_INVALID',
    'The identity is not valid: expected jwt({ jwksUrl, issuer }) with an http or https address of the key set and ' +
      'the issuer exactly as its tokens name it. Correct `identity` of the configuration.',
  );
}

/** What a token turned out to be. */
export type Verified =
  | { readonly kind: 'caller'; readonly who: Caller }
  | { readonly kind: 'refused'; readonly why: string }
  /** The issuer's keys could not be had, so nothing is known about the token. */
  | { readonly kind: 'keysUnreachable' };

/** Checks a token. Never throws. */
export type Verifier = (token: string) => Promise<Verified>;

/** Asymmetric only: with a symmetric algorithm whoever can check a token can make one (RFC 8725, 3.1). */
const algorithms = 'RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 EdDSA Ed25519'.split(' ');

/** Seconds by which the issuer's clock and this one may differ. */
const clockTolerance = 5;
/** Milliseconds between two fetches of the key set because of an unknown key id. */
const cooldownDuration = 30_000;

/** Thrown by the key look-up, to tell an issuer that is away from a token that is wrong. */
class KeysUnreachable extends Error {}

/** Makes the verifier. It keeps the issuer's keys for ten minutes, and looks again when a token names a new one. */
export function createVerifier(identity: Identity, clock: Clock): Verifier {
  const keySet = createRemoteJWKSet(new URL(identity.jwksUrl), { cooldownDuration, timeoutDuration: 5_000 });
  const key: JWTVerifyGetKey = async (header, token) => {
    try {
      return await keySet(header, token);
    } catch (error) {
      throw tokenIsAtFault(error) ? error : new KeysUnreachable();
    }
  };
  const options: JWTVerifyOptions = {
    algorithms,
    clockTolerance,
    issuer: identity.issuer,
    requiredClaims: ['sub', 'exp'],
    ...(identity.audience !== undefined && { audience: identity.audience }),
  };
  return async (token) => {
    try {
      const { payload } = await jwtVerify(token, key, { ...options, currentDate: new Date(clock.now()) });
      const { sub } = payload;
      if (typeof sub !== 'string' || sub === '') return { kind: 'refused', why: 'it names nobody' };
      return { kind: 'caller', who: { sub, claims: payload, token } };
    } catch (error) {
      return error instanceof KeysUnreachable
        ? { kind: 'keysUnreachable' }
        : { kind: 'refused', why: whyRefused(error) };
    }
  };
}

function tokenIsAtFault(error: unknown): boolean {
  return (
    error instanceof errors.JWKSNoMatchingKey ||
    error instanceof errors.JWKSMultipleMatchingKeys ||
    error instanceof errors.JOSENotSupported
  );
}

/** For the caller; jose's own messages may quote the token. */
function whyRefused(error: unknown): string {
  if (error instanceof errors.JWTExpired) return 'it has expired';
  if (error instanceof errors.JWTClaimValidationFailed) return `its claim "${error.claim}" is not accepted`;
  if (error instanceof errors.JOSEAlgNotAllowed) return 'its algorithm is not accepted';
  if (error instanceof errors.JWKSNoMatchingKey) return 'its key is not known';
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'its signature is wrong';
  return 'it is not a valid signed token';
}
