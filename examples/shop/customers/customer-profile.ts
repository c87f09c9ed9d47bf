import { projection, removed } from 'banyan/projections';
import { timestamp } from 'banyan/events';
import { z } from 'zod';
import { AddressAdded, CustomerLeft, CustomerRegistered, CustomerRenamed, CustomerTagged } from './events.ts';

const Address = z.object({
  addressId: z.string(),
  street: z.string(),
  postcode: z.string(),
  city: z.string(),
  country: z.string(),
});

const CustomerProfile = z.object({
  customerId: z.string(),
  name: z.string(),
  email: z.string(),
  registeredAt: timestamp(),
  tags: z.array(z.string()),
  /** Oldest first. */
  addresses: z.array(Address),
});

/** What a customer sees of himself. */
export const customerProfile = projection('customer-profile', CustomerProfile)
  .on(CustomerRegistered, {
    key: (e) => e.customerId,
    apply: (_, e) => ({ ...e, tags: [], addresses: [] }),
  })
  .on(CustomerRenamed, { key: (e) => e.customerId, apply: (doc, e) => doc && { ...doc, name: e.name } })
  .on(CustomerTagged, { key: (e) => e.customerId, apply: (doc, e) => doc && { ...doc, tags: e.tags } })
  .on(AddressAdded, {
    key: (e) => e.customerId,
    apply: (doc, { customerId: _, ...address }) => doc && { ...doc, addresses: [...doc.addresses, address] },
  })
  .on(CustomerLeft, { key: (e) => e.customerId, apply: () => removed });
