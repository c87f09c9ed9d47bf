import { createHash, randomBytes, scryptSync, timingSafeEqual } from 'node:crypto';
import type pg from 'pg';
import { id } from './checks.ts';
import { HttpError } from './http.ts';
import type { TokenCheck } from './jwt.ts';

/** Who calls. An employee is an account without a customer, or a company token of scope `staff`. */
export type Caller =
  | { readonly kind: 'anonymous' }
  | { readonly kind: 'customer'; readonly id: string }
  | { readonly kind: 'staff'; readonly login: string };

/** A password as it is kept. */
export interface KeptPassword {
  readonly salt: Buffer;
  readonly password: Buffer;
}

/** Hashes a password. The cost is what was right when the shop was young. */
export function keepPassword(plain: string, salt: Buffer = randomBytes(16)): KeptPassword {
  return { salt, password: scryptSync(plain, salt, 32, { N: 1024 }) };
}

/** Opens a session for a login and password; the token lives a day. */
export async function signIn(
  db: pg.Pool,
  login: string,
  plain: string,
): Promise<{ token: string; customer_id: string | null }> {
  const { rows } = await db.query<KeptPassword & { customer_id: string | null }>(
    'SELECT customer_id, salt, password FROM accounts WHERE login = $1',
    [login],
  );
  const [account] = rows;
  const known = account && timingSafeEqual(keepPassword(plain, account.salt).password, account.password);
  if (!known) throw new HttpError(401, 'login or password is wrong');
  const token = randomBytes(24).toString('hex');
  await db.query(
    `INSERT INTO sessions (token, login, expires_at) VALUES ($1, $2, now() + interval '1 day')`,
    [digest(token), login],
  );
  return { token, customer_id: account.customer_id };
}

/** Tells who sent a request: a session token of ours, or a token of the company's issuer. */
export async function identify(
  db: pg.Pool,
  authorization: string | undefined,
  company: TokenCheck | undefined,
): Promise<Caller> {
  if (authorization === undefined) return { kind: 'anonymous' };
  const token = /^Bearer (\S+)$/i.exec(authorization)?.[1];
  if (token === undefined) throw new HttpError(401, 'the authorization header must be "Bearer TOKEN"');
  return token.includes('.') ? companyCaller(token, company) : sessionCaller(db, token);
}

async function companyCaller(token: string, company: TokenCheck | undefined): Promise<Caller> {
  if (!company) throw new HttpError(401, 'company tokens are not accepted here');
  const { sub, scope = '' } = await company(token);
  if (scope.split(' ').includes('staff')) return { kind: 'staff', login: sub };
  return { kind: 'customer', id: id(sub, 'the subject of the token') };
}

async function sessionCaller(db: pg.Pool, token: string): Promise<Caller> {
  const { rows } = await db.query<{ login: string; customer_id: string | null }>(
    `SELECT login, customer_id FROM sessions JOIN accounts USING (login)
      WHERE token = $1 AND expires_at > now()`,
    [digest(token)],
  );
  const [account] = rows;
  if (!account) throw new HttpError(401, 'the session is unknown or has expired; sign in again');
  if (account.customer_id === null) return { kind: 'staff', login: account.login };
  return { kind: 'customer', id: account.customer_id };
}

/** The database keeps a digest, so that a stolen backup opens no session. */
function digest(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

/** Refuses everybody but employees. */
export function staffOnly(caller: Caller): string {
  if (caller.kind === 'staff') return caller.login;
  throw caller.kind === 'anonymous'
    ? new HttpError(401, 'sign in first')
    : new HttpError(403, 'only employees may do this');
}

/** Refuses everybody but that customer and employees. */
export function customerOrStaff(caller: Caller, customer: string): void {
  if (caller.kind === 'anonymous') throw new HttpError(401, 'sign in first');
  if (caller.kind === 'customer' && caller.id !== customer)
    throw new HttpError(403, 'this belongs to another customer');
}

/** How the audit trail names a caller. */
export function actor(caller: Caller): string {
  return caller.kind === 'staff'
    ? caller.login
    : caller.kind === 'customer'
      ? `customer ${caller.id}`
      : 'anonymous';
}
