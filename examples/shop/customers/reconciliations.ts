import { reconciliation } from 'banyan/projections';
import { customerProfile } from './customer-profile.ts';

export const profilesInTheBooks = reconciliation(customerProfile, {
  source: 'shop',
  fields: ['customerId', 'name', 'email', 'registeredAt', 'tags', 'addresses'],
  query: `
    SELECT c.id::text AS key, c.id AS "customerId", c.name, c.email, c.created_at AS "registeredAt", c.tags,
           (SELECT coalesce(jsonb_agg(jsonb_build_object('addressId', a.id::text, 'street', a.street,
                     'postcode', a.postcode, 'city', a.city, 'country', a.country) ORDER BY a.id), '[]')
              FROM public.addresses a WHERE a.customer_id = c.id) AS addresses
      FROM public.customers c`,
});
