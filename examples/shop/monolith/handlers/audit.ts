import type pg from 'pg';
import { actor, type Caller } from '../sign-in.ts';

/** Notes in the audit trail who did what. */
export async function audit(
  client: pg.ClientBase,
  caller: Caller,
  action: string,
  details: unknown,
): Promise<void> {
  await client.query('INSERT INTO audit_trail (actor, action, details) VALUES ($1, $2, $3)', [
    actor(caller),
    action,
    JSON.stringify(details),
  ]);
}
