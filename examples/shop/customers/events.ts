import { event, timestamp } from 'banyan/events';
import { z } from 'zod';

const customerId = z.string();

/** Published: somebody became a customer. */
export const CustomerRegistered = event(
  'CustomerRegistered',
  z.object({ customerId, name: z.string(), email: z.string(), registeredAt: timestamp() }),
);
/** Published: a customer has another name now. */
export const CustomerRenamed = event('CustomerRenamed', z.object({ customerId, name: z.string() }));
/** Published: a customer was deleted from the books. */
export const CustomerLeft = event('CustomerLeft', z.object({ customerId }));

/** Private: an address became known; the newest is where orders go to. */
export const AddressAdded = event(
  'AddressAdded',
  z.object({
    customerId,
    addressId: z.string(),
    street: z.string(),
    postcode: z.string(),
    city: z.string(),
    country: z.string(),
  }),
);
/** Private: what the customer is known by and prefers. */
export const CustomerTagged = event('CustomerTagged', z.object({ customerId, tags: z.array(z.string()) }));
