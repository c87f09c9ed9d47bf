import type { Caller } from 'banyan/legacy-adapter';
import { answer, type Answer } from './answer.ts';
import type { Identity } from './identity.ts';
import type { Route } from './route.ts';

/** RFC 6750, 2.1: the characters of a bearer token. */
const bearer = /^Bearer +([A-Za-z0-9._~+/-]+=*)$/i;

/** Who calls this route: nobody when it is public; an answer when that cannot be told. */
export async function authenticate(
  route: Route,
  identity: Identity | undefined,
  authorization: string | undefined,
): Promise<{ readonly who: Caller | undefined } | Answer> {
  if (route.public) return { who: undefined };
  if (identity === undefined) {
    return answer('notImplemented', {
      message: 'This environment has no identity configured, so that only public routes are answered.',
    });
  }
  if (authorization === undefined) return challenge('Send a bearer token.');
  const token = bearer.exec(authorization)?.[1];
  if (token === undefined) {
    return challenge('Expected "Authorization: Bearer" and a token.', 'invalid_request');
  }
  const verified = await identity.verify(token);
  switch (verified.kind) {
    case 'caller':
      return { who: verified.who };
    case 'refused':
      return challenge(`Not taken: ${verified.why}.`, 'invalid_token');
    case 'unavailable':
      return answer('unavailable', {
        message: 'Tokens cannot be checked just now. Try again.',
        headers: { 'retry-after': '1' },
        cause: verified.cause,
      });
  }
}

/** RFC 6750, 3: a request without a token gets no error code. */
function challenge(message: string, error?: string): Answer {
  const more =
    error === undefined ? '' : `, error="${error}", error_description="${message.replaceAll('"', "'")}"`;
  return answer('notAuthenticated', {
    message,
    headers: { 'www-authenticate': `Bearer realm="banyan"${more}` },
  });
}
