/** Ends what `jest-setup.ts` started. */
export default async function teardown(): Promise<void> {
  await globalThis.banyanTestBroker?.close();
  await globalThis.banyanTestServer?.close();
}
