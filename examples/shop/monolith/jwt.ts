import { createPublicKey, verify, type JsonWebKey, type KeyObject } from 'node:crypto';
import { HttpError } from './http.ts';

/** What the shop reads of a company token. */
export interface Claims {
  /** The customer's number, or the login of an employee. */
  readonly sub: string;
  /** OAuth scopes, separated by spaces; `staff` marks an employee. */
  readonly scope?: string;
}

/** Checks tokens of the company's issuer. */
export type TokenCheck = (token: string) => Promise<Claims>;

interface Header {
  readonly alg?: string;
  readonly kid?: string;
}
type Keys = ReadonlyMap<string, KeyObject>;

/** Seconds by which two machines' clocks may differ. */
const clockSkew = 30;
/** Milliseconds between two fetches of the key set, so that unknown key ids cannot flood the issuer. */
const refreshPause = 5_000;

/** Makes the check against the key set at a URL (RFC 7517); keys are fetched when one is not known yet. */
export function companyTokens(jwksUrl: string): TokenCheck {
  let keys: Keys = new Map();
  let fetchedAt = 0;
  const keyOf = async (kid: string): Promise<KeyObject> => {
    if (!keys.has(kid) && Date.now() - fetchedAt > refreshPause) {
      keys = await fetchKeys(jwksUrl);
      fetchedAt = Date.now();
    }
    return keys.get(kid) ?? refuse('its key is not known');
  };
  return async (token) => {
    const [head = '', payload = '', signature = ''] = token.split('.');
    const header = decode(head) as Header;
    const key = await keyOf(header.kid ?? '');
    const signed = verifySignature(header.alg, key, Buffer.from(`${head}.${payload}`), signature);
    if (!signed) return refuse('its signature is wrong');
    return checkClaims(decode(payload));
  };
}

function refuse(why: string): never {
  throw new HttpError(401, `the token was not accepted: ${why}`);
}

async function fetchKeys(url: string): Promise<Keys> {
  const response = await fetch(url, { signal: AbortSignal.timeout(5_000) });
  if (!response.ok) throw new Error(`the key set answered ${String(response.status)}`);
  const { keys } = (await response.json()) as { keys: (JsonWebKey & { kid?: string })[] };
  return new Map(keys.map((key) => [key.kid ?? '', createPublicKey({ key, format: 'jwk' })]));
}

/** The algorithm is fixed by the key's type, whatever the token claims besides (RFC 8725, 3.1). */
function verifySignature(
  alg: string | undefined,
  key: KeyObject,
  signed: Buffer,
  signature: string,
): boolean {
  const bytes = Buffer.from(signature, 'base64url');
  switch (`${alg ?? ''} ${key.asymmetricKeyType ?? ''}`) {
    case 'RS256 rsa':
      return verify('sha256', signed, key, bytes);
    case 'ES256 ec':
      return verify('sha256', signed, { key, dsaEncoding: 'ieee-p1363' }, bytes);
    case 'EdDSA ed25519':
      return verify(null, signed, key, bytes);
    default:
      return refuse('its algorithm is not accepted');
  }
}

function checkClaims(payload: Record<string, unknown>): Claims {
  const { sub, exp, nbf, scope } = payload;
  const now = Date.now() / 1000;
  if (typeof sub !== 'string') return refuse('it names nobody');
  if (typeof exp !== 'number' || exp < now - clockSkew) return refuse('it has expired');
  if (typeof nbf === 'number' && nbf > now + clockSkew) return refuse('it is not valid yet');
  return { sub, ...(typeof scope === 'string' && { scope }) };
}

function decode(part: string): Record<string, unknown> {
  try {
    return JSON.parse(Buffer.from(part, 'base64url').toString('utf8')) as Record<string, unknown>;
  } catch {
    return refuse('it is not a JSON Web Token');
  }
}
