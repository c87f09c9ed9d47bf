import { postgres } from 'banyan/cdc';
import { jwt } from 'banyan/gateway';
import catalogue from './catalogue/group.ts';
import customers from './customers/group.ts';
import orders from './orders/group.ts';

/** A setting of the environment. */
export function setting(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === '')
    throw new Error(`${name} is not set. Expected: see examples/shop/README.md.`);
  return value;
}

const slot = process.env['SHOP_SLOT'];

/** The shop's project, wherever its views are and however they are fed. */
export const project = {
  directory: process.env['BANYAN_DIRECTORY'] ?? '.banyan',
  sources: {
    shop: postgres({
      connectionString: setting('SHOP_DATABASE_URL'),
      tables: ['public.*', 'billing.*', 'warehouse.*'],
      // Passwords and session tokens are nobody's business here.
      exclude: ['public.accounts', 'public.sessions'],
      // Slots are the database server's: two shops on one server need two names.
      ...(slot !== undefined && { slot }),
    }),
  },
  groups: [orders, customers, catalogue],
  identity: jwt({ jwksUrl: setting('JWKS_URL'), issuer: setting('JWT_ISSUER'), audience: 'shop' }),
  legacy: { baseUrl: setting('MONOLITH_URL') },
};
