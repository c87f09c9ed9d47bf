/** Ends what `jest-setup.ts` started. */
export default async function teardown(): Promise<void> {
  await globalThis.banyanTestServer?.close();
}
