import { event } from 'banyan/events';
import { z } from 'zod';

const balance = z.object({ id: z.int(), branch: z.int(), balance: z.int() });

/** An account, a teller or a branch as it was found or opened. */
export const AccountOpened = event('AccountOpened', balance);
export const TellerOpened = event('TellerOpened', balance);
export const BranchOpened = event('BranchOpened', z.object({ id: z.int(), balance: z.int() }));

/** Money moved: what was added to an account, a teller and a branch. */
export const AccountMoved = event('AccountMoved', z.object({ id: z.int(), delta: z.int() }));
export const TellerMoved = event('TellerMoved', z.object({ id: z.int(), delta: z.int() }));
export const BranchMoved = event('BranchMoved', z.object({ id: z.int(), delta: z.int() }));

/** A line of the history table, which has no key. */
export const MovementBooked = event(
  'MovementBooked',
  z.object({ account: z.int(), teller: z.int(), branch: z.int(), delta: z.int(), bookedAt: z.string() }),
);
