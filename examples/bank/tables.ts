import { col, table, tables } from 'banyan/cdc';

/** pgbench's tables (`pgbench -i`). */
export const bank = tables('bank', {
  accounts: table('public.pgbench_accounts', {
    key: ['aid'],
    columns: { aid: col.int4(), bid: col.int4().nullable(), abalance: col.int4().nullable() },
  }),
  branches: table('public.pgbench_branches', {
    key: ['bid'],
    columns: { bid: col.int4(), bbalance: col.int4().nullable() },
  }),
  tellers: table('public.pgbench_tellers', {
    key: ['tid'],
    columns: { tid: col.int4(), bid: col.int4().nullable(), tbalance: col.int4().nullable() },
  }),
  /** No key: captured for inserts only. */
  history: table('public.pgbench_history', {
    key: [],
    columns: {
      tid: col.int4().nullable(),
      bid: col.int4().nullable(),
      aid: col.int4().nullable(),
      delta: col.int4().nullable(),
      mtime: col.timestamp().nullable(),
    },
  }),
});
