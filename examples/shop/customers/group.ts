import { group } from 'banyan/catalog';
import { gateway } from 'banyan/gateway';
import { z } from 'zod';
import { isCustomerOrStaff } from '../callers.ts';
import { refusal } from '../refusal.ts';
import { customerProfile } from './customer-profile.ts';
import { CustomerLeft, CustomerRegistered, CustomerRenamed } from './events.ts';
import { profilesInTheBooks } from './reconciliations.ts';
import { customers } from './translation.ts';

const name = z.string().min(1).max(200);
const NewAddress = z.object({
  street: z.string(),
  postcode: z.string(),
  city: z.string(),
  country: z.string().length(2),
});

export default group('customers', {
  owner: { team: 'accounts', contact: 'accounts@shop.example' },
  publishes: [CustomerRegistered, CustomerRenamed, CustomerLeft],
  translation: customers,
  projections: [customerProfile],
  reconciliations: [profilesInTheBooks],
  gateway: gateway()
    .read('GET /customers/{id}', customerProfile.byKey('id'), {
      authorize: (who, { id }) => isCustomerOrStaff(who, id),
      summary: 'A customer, as he sees himself',
    })
    .write('PATCH /customers/{id}', {
      to: 'PATCH /api/customers/{id}',
      body: z.object({ name }),
      authorize: (who, { id }) => isCustomerOrStaff(who, id),
      answers: z.object({ id: z.string(), name: z.string() }),
      response: (legacy) => ({ customerId: legacy.id, name: legacy.name }),
      refusal,
      summary: 'Renames a customer',
    })
    .write('POST /customers/{id}/addresses', {
      to: 'POST /api/customers/{id}/addresses',
      body: NewAddress,
      authorize: (who, { id }) => isCustomerOrStaff(who, id),
      request: (address) => ({ address }),
      answers: z.object({ id: z.string() }),
      response: (legacy) => ({ addressId: legacy.id }),
      refusal,
      summary: 'Adds an address; new orders go there',
    }),
});
