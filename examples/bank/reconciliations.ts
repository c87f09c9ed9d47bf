import { reconciliation } from 'banyan/projections';
import { accountBalance, booked, deskBalance } from './projections.ts';

/** How often an account was moved before its capture nobody knows, so movements are not told. */
export const accountBalances = reconciliation(accountBalance, {
  source: 'bank',
  fields: ['balance'],
  query: `SELECT aid::text AS key, coalesce(abalance, 0) AS balance FROM public.pgbench_accounts`,
});

export const deskBalances = reconciliation(deskBalance, {
  source: 'bank',
  fields: ['balance'],
  query: `
    SELECT 'teller-' || tid AS key, coalesce(tbalance, 0) AS balance FROM public.pgbench_tellers
    UNION ALL
    SELECT 'branch-' || bid, coalesce(bbalance, 0) FROM public.pgbench_branches`,
});

/** The history is captured whole. */
export const bookings = reconciliation(booked, {
  source: 'bank',
  fields: ['balance', 'movements'],
  query: `
    SELECT 'account-' || coalesce(aid, 0) AS key, coalesce(sum(delta), 0)::int4 AS balance, count(*)::int4 AS movements
      FROM public.pgbench_history GROUP BY aid
    UNION ALL
    SELECT 'teller-' || coalesce(tid, 0), coalesce(sum(delta), 0)::int4, count(*)::int4
      FROM public.pgbench_history GROUP BY tid`,
});
