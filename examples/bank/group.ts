import { group } from 'banyan/catalog';
import { gateway } from 'banyan/gateway';
import * as events from './events.ts';
import { accountBalance, booked, deskBalance } from './projections.ts';
import { accountBalances, bookings, deskBalances } from './reconciliations.ts';
import { movements } from './translation.ts';

export const bankGroup = group('bank', {
  owner: { team: 'ledger', contact: 'ledger@bank.example' },
  publishes: Object.values(events),
  translation: movements,
  projections: [accountBalance, deskBalance, booked],
  reconciliations: [accountBalances, deskBalances, bookings],
  gateway: gateway().read('GET /accounts/{id}', accountBalance.byKey('id'), { public: true }),
});
