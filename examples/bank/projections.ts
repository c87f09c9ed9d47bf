import { projection } from 'banyan/projections';
import { z } from 'zod';
import * as events from './events.ts';

const Balance = z.object({ balance: z.int(), movements: z.int() });

const opened = (balance: number): z.infer<typeof Balance> => ({ balance, movements: 0 });
const moved = (document: z.infer<typeof Balance> | undefined, delta: number): z.infer<typeof Balance> => ({
  balance: (document?.balance ?? 0) + delta,
  movements: (document?.movements ?? 0) + 1,
});

/** Each account's balance, summed up from its movements. */
export const accountBalance = projection('account-balance', Balance)
  .on(events.AccountOpened, { key: (e) => String(e.id), apply: (_, e) => opened(e.balance) })
  .on(events.AccountMoved, { key: (e) => String(e.id), apply: (document, e) => moved(document, e.delta) });

/** Tellers and branches, one document a desk: two kinds of key in one view. */
export const deskBalance = projection('desk-balance', Balance)
  .on(events.TellerOpened, { key: (e) => `teller-${e.id}`, apply: (_, e) => opened(e.balance) })
  .on(events.TellerMoved, { key: (e) => `teller-${e.id}`, apply: (document, e) => moved(document, e.delta) })
  .on(events.BranchOpened, { key: (e) => `branch-${e.id}`, apply: (_, e) => opened(e.balance) })
  .on(events.BranchMoved, { key: (e) => `branch-${e.id}`, apply: (document, e) => moved(document, e.delta) });

/** What the history says of an account and of its teller: one event, two keys. */
export const booked = projection('booked', Balance).on(events.MovementBooked, {
  key: (e) => [`account-${e.account}`, `teller-${e.teller}`],
  apply: (document, e) => moved(document, e.delta),
});
