import { optionalDay, text, texts } from '../checks.ts';
import { inTransaction } from '../database.ts';
import { created, HttpError, ok, route, type Call } from '../http.ts';
import { keepPassword, signIn } from '../sign-in.ts';
import { insertAddress } from './customers.ts';

async function signUp({ db, body, caller }: Call): Promise<{ id: string; address_id: string | null }> {
  const email = text(body, 'email').toLowerCase();
  if (!/^[^\s@]+@[^\s@]+$/.test(email)) throw new HttpError(400, 'email must be an e-mail address');
  const fields = [email, text(body, 'name'), optionalDay(body, 'born_on'), texts(body, 'tags')];
  const { salt, password } = keepPassword(text(body, 'password'));
  return inTransaction(db, async (client) => {
    const { rows } = await client.query<{ id: string }>(
      `INSERT INTO customers (email, name, born_on, tags) VALUES ($1, $2, $3, $4)
       ON CONFLICT (email) DO NOTHING RETURNING id`,
      fields,
    );
    const [customer] = rows;
    if (!customer) throw new HttpError(409, 'there is a customer with this e-mail address');
    await client.query('INSERT INTO accounts (login, customer_id, salt, password) VALUES ($1, $2, $3, $4)', [
      email,
      customer.id,
      salt,
      password,
    ]);
    const address = body['address'] === undefined ? null : await insertAddress(client, customer.id, body);
    await client.query('INSERT INTO audit_trail (actor, action, details) VALUES ($1, $2, $3)', [
      caller.kind === 'staff' ? caller.login : email,
      'sign up',
      JSON.stringify({ customer: customer.id }),
    ]);
    return { id: customer.id, address_id: address };
  });
}

export const accountRoutes = [
  route('POST /api/customers', async (call) => created(await signUp(call))),
  route('POST /api/login', async ({ db, body }) =>
    ok(await signIn(db, text(body, 'login').toLowerCase(), text(body, 'password'))),
  ),
];
