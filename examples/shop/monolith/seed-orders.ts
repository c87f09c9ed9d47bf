import type { Random } from './random.ts';
import {
  cardNumber,
  hex,
  money,
  openedAt,
  seedCoupons,
  timeText,
  warehouses,
  type SeedCoupon,
  type SeedProduct,
  type SeedRow,
} from './seed-rows.ts';
import { paragraph } from './words.ts';

/** An order with all that belongs to it. */
export interface SeedOrder {
  readonly order: SeedRow;
  readonly lines: readonly SeedRow[];
  readonly payments: readonly SeedRow[];
  readonly shipments: readonly SeedRow[];
  readonly audit: readonly SeedRow[];
}

const statuses = { new: 10, paid: 15, shipped: 60, cancelled: 15 } as const;

export function* seedOrders(
  random: Random,
  count: number,
  customers: number,
  products: readonly SeedProduct[],
): Generator<SeedOrder> {
  for (let id = 1; id <= count; id += 1) yield seedOrder(random, id, random.between(1, customers), products);
}

function seedOrder(
  random: Random,
  id: number,
  customer: number,
  products: readonly SeedProduct[],
): SeedOrder {
  const at = openedAt + id * 97_000 + random.between(0, 90_000);
  const bought = random.some(products, random.between(1, 5));
  const basket = bought.map((product) => ({ ...product, quantity: random.between(1, 4) }));
  const subtotal = basket.reduce((sum, { cents, quantity }) => sum + cents * quantity, 0);
  const coupon = random.chance(0.25) ? random.pick(seedCoupons) : undefined;
  const discount = discountOf(subtotal, coupon);
  const status = random.weighted(statuses);
  const wasPaid = status === 'paid' || status === 'shipped' || (status === 'cancelled' && random.chance(0.5));
  const after = (minutes: number): string => timeText(at + minutes * 60_000, random);
  const paidAt = wasPaid ? after(5) : null;
  const shippedAt = status === 'shipped' ? after(600) : null;
  const cancelledAt = status === 'cancelled' ? after(300) : null;
  const total = money(subtotal - discount);
  return {
    order: {
      id,
      number: random.uuid(),
      customer_id: customer,
      ship_to: customer,
      status,
      coupon_code: coupon?.code ?? null,
      subtotal: money(subtotal),
      discount: money(discount),
      total,
      currency: 'EUR',
      note: random.chance(0.15) ? paragraph(random, random.between(10, 120)) : null,
      wanted_on: random.chance(0.2) ? after(5_000).slice(0, 10) : null,
      client: random.chance(0.9) ? { agent: random.pick(['shop-web', 'shop-app/3', 'till']) } : null,
      placed_at: after(0),
      paid_at: paidAt,
      shipped_at: shippedAt,
      cancelled_at: cancelledAt,
    },
    lines: basket.map(({ sku, cents, quantity }, index) => ({
      order_id: id,
      line_no: index + 1,
      sku,
      warehouse: random.pick(warehouses),
      quantity,
      unit_price: money(cents),
    })),
    payments: paidAt === null ? [] : [payment(random, { id, customer, total, paidAt, cancelledAt })],
    shipments: shippedAt === null ? [] : [shipment(random, id, shippedAt, basket.length)],
    audit: [
      { at: after(0), actor: `customer ${customer}`, action: 'place order', details: { order: String(id) } },
    ],
  };
}

/** As the shop reckons: a percentage rounded half up to cents, never more than the subtotal. */
function discountOf(subtotal: number, coupon: SeedCoupon | undefined): number {
  if (coupon === undefined) return 0;
  return Math.min(subtotal, coupon.cents ?? Math.round((subtotal * (coupon.percent ?? 0)) / 100));
}

function payment(
  random: Random,
  paid: {
    readonly id: number;
    readonly customer: number;
    readonly total: string;
    readonly paidAt: string;
    readonly cancelledAt: string | null;
  },
): SeedRow {
  const card = random.chance(0.5) ? cardNumber(paid.customer) : null;
  return {
    id: random.uuid(),
    order_id: paid.id,
    method: card === null ? random.pick(['card', 'transfer']) : 'gift-card',
    amount: paid.total,
    cardNumber: card,
    receipt: random.chance(0.5) ? hex(random.bytes(24)) : null,
    captured_at: paid.paidAt,
    refunded_at: paid.cancelledAt,
  };
}

function shipment(random: Random, order: number, shippedAt: string, parcels: number): SeedRow {
  return {
    id: order,
    order_id: order,
    carrier: random.pick(['Post', 'Parcel One', 'Courier']),
    tracking: random.chance(0.8) ? `T${String(random.between(1_000_000, 9_999_999))}` : null,
    parcel_kg: Array.from({ length: parcels }, () => (random.between(100, 9_999) / 1000).toFixed(3)),
    shipped_at: shippedAt,
  };
}
