import { randomBytes } from 'node:crypto';

/** How the name of everything begins that tests make on AWS. */
export const testPrefix = 'banyan-test-';

/** A name for a run of the tests, which says when it began. @param now milliseconds since 1970 */
export function newRun(now: number): string {
  return `${testPrefix}${Math.floor(now / 1000).toString(36)}-${randomBytes(2).toString('hex')}`;
}

/** When the run began that made something of that name, milliseconds since 1970; undefined: no run did. */
export function runBegan(name: string): number | undefined {
  const found = /^([0-9a-z]{6})-[0-9a-f]{4}-/.exec(
    name.startsWith(testPrefix) ? name.slice(testPrefix.length) : '',
  );
  return found?.[1] === undefined ? undefined : Number.parseInt(found[1], 36) * 1000;
}

/** A name that nothing else has: for a bus, for the prefix of tables. 32 characters of `a-z0-9-`. */
export function uniqueName(): string {
  const run = process.env['BANYAN_TEST_RUN'];
  if (run === undefined) throw new Error('No run of tests: run them by npm run jest.');
  return `${run}-${randomBytes(4).toString('hex')}`;
}
