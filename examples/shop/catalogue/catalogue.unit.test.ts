import { expect, test } from '@jest/globals';
import { projected, translated, type GivenTransaction } from 'banyan/testing';
import { shop } from '../tables.ts';
import { productPage } from './product-page.ts';
import { catalogue } from './translation.ts';

const product = {
  sku: 'A',
  gtin: null,
  category_id: 2,
  name: 'Oak Lamp',
  description: 'stands firm',
  price: '10.00',
  weight_kg: null,
  attributes: {},
  keywords: ['oak'],
  thumbnail: null,
  active: true,
  released_on: null,
  updated_at: '2026-03-01T09:30:00.000000Z',
};
const stock = { product_id: 'A', warehouse: 'quay', quantity: 5, counted_on: null };
const review = {
  sku: 'A',
  customer_id: '1',
  stars: 4,
  body: null,
  written_at: '2026-03-01T09:30:00.000000Z',
};

function pageAfter(...transactions: GivenTransaction<typeof shop>[]): unknown {
  const events = translated(catalogue, shop, transactions).flat();
  return projected(productPage, events).documents.get('A');
}

const listed = { inserted: { products: [product], stock: [stock], reviews: [review] } };

test('a product page follows price, stock and opinions', () => {
  const dearer = { ...product, price: '12.00' };
  const changes = {
    updated: {
      products: [{ before: product, after: dearer }],
      stock: [{ before: stock, after: { ...stock, quantity: 3 } }],
      reviews: [{ before: review, after: { ...review, stars: 1 } }],
    },
  };
  expect(pageAfter(listed, changes)).toMatchObject({
    price: '12.00',
    previousPrice: '10.00',
    stock: { quay: 3 },
    reviews: { count: 1, stars: 1 },
  });
  expect(pageAfter(listed, { deleted: { reviews: [review] } })).toMatchObject({
    reviews: { count: 0, stars: 0 },
  });
});

test('a product that is not sold any more leaves its category, and one that is deleted its page', () => {
  const withdrawn = { updated: { products: [{ before: product, after: { ...product, active: false } }] } };
  const page = pageAfter(listed, withdrawn);
  expect(page).toMatchObject({ onSale: false });
  const index = productPage.indexes.get('byCategory');
  expect(index?.partition(page)).toBeUndefined();
  expect(index?.partition(pageAfter(listed))).toBe('2');
  expect(pageAfter(listed, { deleted: { stock: [stock], products: [product] } })).toBeUndefined();
});
