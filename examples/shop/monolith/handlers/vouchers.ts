import { id, money, optionalDay, text, wholeNumber } from '../checks.ts';
import { created, HttpError, ok, route, type Call } from '../http.ts';
import { staffOnly } from '../sign-in.ts';

async function newCoupon(call: Call): Promise<unknown> {
  staffOnly(call.caller);
  const { body } = call;
  const byPercent = body['percent'] !== undefined;
  const { rows } = await call.db.query(
    `INSERT INTO coupons (code, percent, amount, valid_from, valid_until, max_uses)
     VALUES ($1, $2, $3, coalesce($4::date, current_date), $5, $6)
     ON CONFLICT (code) DO NOTHING RETURNING code, percent, amount, valid_from, valid_until, max_uses`,
    [
      text(body, 'code', 40).toUpperCase(),
      byPercent ? wholeNumber(body, 'percent', 1, 100) : null,
      byPercent ? null : money(body, 'amount'),
      optionalDay(body, 'valid_from'),
      optionalDay(body, 'valid_until'),
      body['max_uses'] === undefined ? null : wholeNumber(body, 'max_uses', 1, 1_000_000),
    ],
  );
  if (rows.length === 0) throw new HttpError(409, 'there is a coupon of this code');
  return rows[0];
}

async function coupon({ db, parameters }: Call): Promise<unknown> {
  const { rows } = await db.query(
    'SELECT code, percent, amount, valid_from, valid_until FROM coupons WHERE code = $1',
    [parameters['code']],
  );
  if (rows.length === 0) throw new HttpError(404, 'there is no such coupon');
  return rows[0];
}

async function newGiftCard(call: Call): Promise<unknown> {
  staffOnly(call.caller);
  const { body } = call;
  const { rows } = await call.db.query(
    `INSERT INTO "GiftCards" ("cardNumber", "issuedTo", balance, "expiresOn")
     SELECT $1, c.id, $3, $4 FROM customers c WHERE c.id = $2
     ON CONFLICT ("cardNumber") DO NOTHING RETURNING "cardNumber", "issuedTo", balance, "expiresOn"`,
    [
      text(body, 'card_number', 40),
      id(body['customer_id'], 'customer_id'),
      money(body, 'balance'),
      optionalDay(body, 'expires_on'),
    ],
  );
  if (rows.length === 0) throw new HttpError(409, 'the gift card exists, or the customer does not');
  return rows[0];
}

export const voucherRoutes = [
  route('POST /api/coupons', async (call) => created(await newCoupon(call))),
  route('GET /api/coupons/{code}', async (call) => ok(await coupon(call))),
  route('POST /api/gift-cards', async (call) => created(await newGiftCard(call))),
];
