import type { RowOf } from 'banyan/cdc';
import { changed, translation, type NewEvent } from 'banyan/events';
import { shop } from '../tables.ts';
import * as events from './events.ts';

type Customer = RowOf<typeof shop.tables.customers>;
type Address = RowOf<typeof shop.tables.addresses>;

/** What the shop's rows of customers and addresses mean. */
export const customers = translation('customers', shop, {
  version: 1,
  *translate(tx) {
    for (const customer of tx.existing('customers')) yield* known(customer);
    for (const address of tx.existing('addresses')) yield added(address);
    for (const customer of tx.inserted('customers')) yield* known(customer);
    for (const address of tx.inserted('addresses')) yield added(address);
    for (const { after } of tx.updated('customers').filter(changed('name')))
      yield events.CustomerRenamed({ customerId: after.id, name: after.name });
    for (const { after } of tx.updated('customers').filter(changed('tags')))
      yield events.CustomerTagged({ customerId: after.id, tags: [...after.tags] });
    for (const { id } of tx.deleted('customers')) yield events.CustomerLeft({ customerId: id });
  },
});

function* known(customer: Customer): Generator<NewEvent> {
  const { id: customerId, name, email, created_at: registeredAt, tags } = customer;
  yield events.CustomerRegistered({ customerId, name, email, registeredAt });
  if (tags.length > 0) yield events.CustomerTagged({ customerId, tags: [...tags] });
}

function added({ id, customer_id, street, postcode, city, country }: Address): NewEvent {
  return events.AddressAdded({ customerId: customer_id, addressId: id, street, postcode, city, country });
}
