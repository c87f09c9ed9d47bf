import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';

/** An OAuth issuer on this machine. */
export interface LocalIssuer {
  /** Where its key set is served (RFC 7517). */
  readonly jwksUrl: string;
  readonly issuer: string;
  /** A token that lasts a day; registered claims (`exp`, `aud`, `iss`) among the given ones win. */
  sign(claims: { readonly sub: string; readonly [claim: string]: unknown }): Promise<string>;
  close(): Promise<void>;
}

/** Starts an issuer with a fresh ES256 key on a free port of the loopback address. */
export async function startLocalIssuer({ audience = 'shop' } = {}): Promise<LocalIssuer> {
  const { privateKey, publicKey } = await generateKeyPair('ES256');
  const kid = 'local-1';
  const keySet = JSON.stringify({
    keys: [{ ...(await exportJWK(publicKey)), kid, alg: 'ES256', use: 'sig' }],
  });
  const server = createServer((request, response) => {
    const found = request.url === '/.well-known/jwks.json';
    response.writeHead(found ? 200 : 404, { 'content-type': 'application/json' });
    response.end(found ? keySet : '{}');
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    jwksUrl: `${issuer}/.well-known/jwks.json`,
    issuer,
    sign: (claims) => {
      const now = Math.floor(Date.now() / 1000);
      const day = 24 * 60 * 60;
      return new SignJWT({ iss: issuer, aud: audience, iat: now, exp: now + day, ...claims })
        .setProtectedHeader({ alg: 'ES256', kid, typ: 'JWT' })
        .sign(privateKey);
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
