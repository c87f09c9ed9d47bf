import { isOnAccount } from './aws/account.ts';

/** Ends what `jest-setup.ts` started; removes from the account what the tests made there. */
export default async function teardown(): Promise<void> {
  await globalThis.banyanTestBroker?.close();
  await globalThis.banyanTestServer?.close();
  const run = process.env['BANYAN_TEST_RUN'];
  if (!isOnAccount || run === undefined) return;
  const { sweepRun } = await import('./aws/sweep-account.ts');
  const removed = await sweepRun(run);
  process.stderr.write(`removed from the account, as made by this run: ${String(removed.length)}\n`);
}
