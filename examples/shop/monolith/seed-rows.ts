import { keepPassword } from './sign-in.ts';
import type { Random } from './random.ts';
import { addressWords, countries, paragraph, personName, productWords } from './words.ts';

/** How much there is to be. */
export interface SeedSize {
  readonly customers: number;
  readonly products: number;
  readonly orders: number;
}

/** A row by its column names, as JSON. */
export type SeedRow = Readonly<Record<string, unknown>>;

/** The account of the employee whom the seeder employs; customers have the same password. */
export const clerk = { login: 'clerk@shop.example', password: 'old oak' } as const;
/** The login of a seeded customer. */
export const customerLogin = (id: number): string => `customer${id}@shop.example`;

export const warehouses = ['north', 'south', 'quay'] as const;
export const categoryCount = 12;
const opening = Date.UTC(2024, 0, 1, 8);
const minute = 60_000;

/** A point in time, with microseconds that no JavaScript date has. */
export function timeText(milliseconds: number, random: Random): string {
  const micros = String(random.between(0, 999)).padStart(3, '0');
  return new Date(milliseconds).toISOString().replace('Z', `${micros}Z`);
}

const dayText = (milliseconds: number): string => new Date(milliseconds).toISOString().slice(0, 10);
export const hex = (bytes: Uint8Array): string => `\\x${Buffer.from(bytes).toString('hex')}`;
/** Cents as the text of a numeric. */
export const money = (cents: number): string => (cents / 100).toFixed(2);

export function* categoryRows(): Generator<SeedRow> {
  const names = ['Light', 'Seats', 'Kitchen', 'Textiles', 'Storage', 'Garden'];
  for (let id = 1; id <= categoryCount; id += 1) {
    const parent = id > names.length ? id - names.length : null;
    const name = names[(id - 1) % names.length] ?? '';
    yield { id, parent_id: parent, name: parent === null ? name : `${name}, sale`, rank: id % 5 };
  }
}

export function* customerRows(random: Random, count: number): Generator<SeedRow> {
  for (let id = 1; id <= count; id += 1) {
    yield {
      id,
      external_id: random.uuid(),
      email: customerLogin(id),
      name: personName(random),
      born_on: random.chance(0.6)
        ? dayText(Date.UTC(random.between(1940, 2006), 3, random.between(1, 28)))
        : null,
      tags: random.some(['newsletter', 'vip', 'trade', 'returns often'], random.between(0, 2)),
      preferences: { language: random.pick(['de', 'en', 'fr']), paper: random.chance(0.3) },
      created_at: timeText(opening - random.between(1, 500_000) * minute, random),
    };
  }
}

/** One address a customer, of the customer's number. */
export function* addressRows(random: Random, customers: number): Generator<SeedRow> {
  for (let id = 1; id <= customers; id += 1) {
    const since = timeText(opening - random.between(1, 500_000) * minute, random);
    yield { id, customer_id: id, ...addressWords(random), since };
  }
}

export function* accountRows(random: Random, customers: number): Generator<SeedRow> {
  // One salt for all: hashing thousands of passwords apart would be most of the seeder's work.
  const { salt, password } = keepPassword(clerk.password, random.bytes(16));
  const secret = { salt: hex(salt), password: hex(password) };
  yield { login: clerk.login, customer_id: null, ...secret };
  for (let id = 1; id <= customers; id += 1) yield { login: customerLogin(id), customer_id: id, ...secret };
}

export interface SeedProduct {
  readonly sku: string;
  readonly cents: number;
}

export function seedProducts(random: Random, count: number): SeedProduct[] {
  return Array.from({ length: count }, (_, index) => ({
    sku: `P-${String(index + 1).padStart(5, '0')}`,
    cents: random.between(199, 49_999),
  }));
}

export function* productRows(random: Random, products: readonly SeedProduct[]): Generator<SeedRow> {
  for (const [index, { sku, cents }] of products.entries()) {
    const { name, colour, keywords } = productWords(random);
    yield {
      sku,
      // Above 2^53: a number that JSON readers without care get wrong.
      gtin: random.chance(0.8) ? String(9_400_000_000_000_001n + BigInt(index)) : null,
      category_id: random.between(1, categoryCount),
      name,
      // Every fourth is kept out of line (TOAST).
      description: paragraph(
        random,
        index % 4 === 0 ? random.between(9_000, 14_000) : random.between(60, 400),
      ),
      price: money(cents),
      weight_kg: random.chance(0.9) ? random.between(1, 400) / 16 : null,
      attributes: { colour, origin: random.pick(countries), guarantee: { years: random.between(1, 5) } },
      keywords,
      thumbnail: index % 5 === 0 ? hex(random.bytes(2_500)) : null,
      active: true,
      released_on: random.chance(0.7) ? dayText(opening - random.between(1, 1000) * 1440 * minute) : null,
      updated_at: timeText(opening, random),
    };
  }
}

export function* stockRows(random: Random, products: readonly SeedProduct[]): Generator<SeedRow> {
  for (const { sku } of products)
    for (const warehouse of warehouses)
      yield {
        product_id: sku,
        warehouse,
        quantity: random.between(200, 5_000),
        counted_on: random.chance(0.5) ? dayText(opening) : null,
      };
}

export interface SeedCoupon {
  readonly code: string;
  readonly percent: number | null;
  readonly cents: number | null;
}

export const seedCoupons: readonly SeedCoupon[] = [
  { code: 'WELCOME10', percent: 10, cents: null },
  { code: 'SPRING15', percent: 15, cents: null },
  { code: 'FIVER', percent: null, cents: 500 },
  { code: 'HALFPRICE', percent: 50, cents: null },
];

export function* couponRows(): Generator<SeedRow> {
  for (const { code, percent, cents } of seedCoupons)
    yield {
      code,
      percent,
      amount: cents === null ? null : money(cents),
      valid_from: '2024-01-01',
      valid_until: null,
      max_uses: null,
      uses: 0,
    };
}

/** The number of the card that a customer holds, if any. */
export const cardNumber = (customer: number): string | null =>
  customer % 20 === 1 ? `GC-${String(customer).padStart(8, '0')}` : null;

export function* giftCardRows(random: Random, customers: number): Generator<SeedRow> {
  for (let customer = 1; customer <= customers; customer += 20)
    yield {
      cardNumber: cardNumber(customer),
      issuedTo: random.chance(0.8) ? customer : null,
      balance: money(random.between(0, 20_000)),
      expiresOn: random.chance(0.5) ? '2031-12-31' : null,
    };
}

export function* reviewRows(
  random: Random,
  products: readonly SeedProduct[],
  customers: number,
): Generator<SeedRow> {
  for (const { sku } of products)
    for (const customer of random.some(
      Array.from({ length: Math.min(customers, 40) }, (_, i) => i + 1),
      2,
    ))
      yield {
        sku,
        customer_id: customer,
        stars: random.between(1, 5),
        body: random.chance(0.7) ? paragraph(random, random.between(20, 300)) : null,
        written_at: timeText(opening + random.between(1, 100_000) * minute, random),
      };
}

/** Milliseconds at which the shop opened; the first order came then. */
export const openedAt = opening;
