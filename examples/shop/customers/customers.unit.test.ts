import { expect, test } from '@jest/globals';
import { projected, translated, type GivenTransaction } from 'banyan/testing';
import { customerCard } from '../orders/customer-card.ts';
import { shop } from '../tables.ts';
import { customerProfile } from './customer-profile.ts';
import { customers } from './translation.ts';

const at = '2026-03-01T09:30:00.000000Z';
const ada = {
  id: '1',
  external_id: '11111111-2222-4333-8444-555555555555',
  email: 'ada@example.com',
  name: 'Ada',
  born_on: null,
  tags: ['vip'],
  preferences: {},
  created_at: at,
};
const home = {
  id: '9',
  customer_id: '1',
  street: 'Ringweg 1',
  postcode: '10115',
  city: 'Berlin',
  country: 'DE',
  since: at,
};
const arrival = { inserted: { customers: [ada], addresses: [home] } };
const renaming = { updated: { customers: [{ before: ada, after: { ...ada, name: 'Ada B.', tags: [] } }] } };

const eventsOf = (...transactions: GivenTransaction<typeof shop>[]) =>
  translated(customers, shop, transactions).flat();

test('a profile follows name, tags and addresses', () => {
  const profile = projected(customerProfile, eventsOf(arrival, renaming)).documents.get('1');
  expect(profile).toMatchObject({
    name: 'Ada B.',
    tags: [],
    addresses: [{ addressId: '9', city: 'Berlin' }],
  });
});

test('what changes nothing that the group tells gives no event', () => {
  const silent = {
    updated: { customers: [{ before: ada, after: { ...ada, preferences: { paper: true } } }] },
  };
  expect(eventsOf(silent)).toEqual([]);
});

test('who leaves has neither a profile nor a card', () => {
  const events = eventsOf(arrival, renaming, { deleted: { customers: [ada] } });
  expect(projected(customerProfile, events).documents.size).toBe(0);
  expect(projected(customerCard, events).documents.size).toBe(0);
});
