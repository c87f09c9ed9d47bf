// Written by `banyan tables pull`. Pull again when the tables change.
import { col, table, tables } from 'banyan/cdc';

export const shop = tables('shop', {
  payments: table('billing.payments', {
    key: ['id'],
    columns: {
      id: col.uuid(),
      order_id: col.int8(),
      method: col.text(),
      amount: col.numeric(),
      cardNumber: col.text().nullable(),
      receipt: col.bytea().nullable(),
      captured_at: col.timestamptz(),
      refunded_at: col.timestamptz().nullable(),
    },
  }),
  GiftCards: table('public.GiftCards', {
    key: ['cardNumber'],
    columns: {
      cardNumber: col.text(),
      issuedTo: col.int8().nullable(),
      balance: col.numeric(),
      expiresOn: col.date().nullable(),
    },
  }),
  addresses: table('public.addresses', {
    key: ['id'],
    columns: {
      id: col.int8(),
      customer_id: col.int8(),
      street: col.text(),
      postcode: col.text(),
      city: col.text(),
      country: col.bpchar(),
      since: col.timestamptz(),
    },
  }),
  /** No replica identity: only what is inserted is captured. */
  audit_trail: table('public.audit_trail', {
    key: [],
    columns: {
      at: col.timestamptz(),
      actor: col.text(),
      action: col.text(),
      details: col.jsonb().nullable(),
    },
  }),
  categories: table('public.categories', {
    key: ['id'],
    columns: {
      id: col.int4(),
      parent_id: col.int4().nullable(),
      name: col.text(),
      rank: col.int2(),
    },
  }),
  coupons: table('public.coupons', {
    key: ['code'],
    columns: {
      code: col.text(),
      percent: col.numeric().nullable(),
      amount: col.numeric().nullable(),
      valid_from: col.date(),
      valid_until: col.date().nullable(),
      max_uses: col.int4().nullable(),
      uses: col.int4(),
    },
  }),
  customers: table('public.customers', {
    key: ['id'],
    columns: {
      id: col.int8(),
      external_id: col.uuid(),
      email: col.text(),
      name: col.text(),
      born_on: col.date().nullable(),
      tags: col.array(col.text()),
      preferences: col.jsonb(),
      created_at: col.timestamptz(),
    },
  }),
  order_lines: table('public.order_lines', {
    key: ['order_id', 'line_no'],
    columns: {
      order_id: col.int8(),
      line_no: col.int2(),
      sku: col.text(),
      warehouse: col.text(),
      quantity: col.int4(),
      unit_price: col.numeric(),
    },
  }),
  orders: table('public.orders', {
    key: ['id'],
    columns: {
      id: col.int8(),
      number: col.uuid(),
      customer_id: col.int8(),
      ship_to: col.int8(),
      status: col.enum('new', 'paid', 'shipped', 'cancelled'),
      coupon_code: col.text().nullable(),
      subtotal: col.numeric(),
      discount: col.numeric(),
      total: col.numeric(),
      currency: col.bpchar(),
      note: col.text().nullable(),
      wanted_on: col.date().nullable(),
      client: col.jsonb().nullable(),
      placed_at: col.timestamptz(),
      paid_at: col.timestamptz().nullable(),
      shipped_at: col.timestamptz().nullable(),
      cancelled_at: col.timestamptz().nullable(),
    },
  }),
  products: table('public.products', {
    key: ['sku'],
    columns: {
      sku: col.text(),
      gtin: col.int8().nullable(),
      category_id: col.int4(),
      name: col.text(),
      description: col.text(),
      price: col.numeric(),
      weight_kg: col.float8().nullable(),
      attributes: col.jsonb(),
      keywords: col.array(col.text()),
      thumbnail: col.bytea().nullable(),
      active: col.bool(),
      released_on: col.date().nullable(),
      updated_at: col.timestamptz(),
    },
  }),
  reviews: table('public.reviews', {
    key: ['sku', 'customer_id'],
    columns: {
      sku: col.text(),
      customer_id: col.int8(),
      stars: col.int2(),
      body: col.text().nullable(),
      written_at: col.timestamptz(),
    },
  }),
  shipments: table('public.shipments', {
    key: ['id'],
    columns: {
      id: col.int8(),
      order_id: col.int8(),
      carrier: col.text(),
      tracking: col.text().nullable(),
      parcel_kg: col.array(col.numeric()),
      shipped_at: col.timestamptz(),
    },
  }),
  stock: table('warehouse.stock', {
    key: ['product_id', 'warehouse'],
    columns: {
      product_id: col.text(),
      warehouse: col.text(),
      quantity: col.int4(),
      counted_on: col.date().nullable(),
    },
  }),
});
