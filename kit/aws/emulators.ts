import { describe, jest, test } from '@jest/globals';
import { get } from 'node:http';
import { isOnAccount, patience } from './account.ts';
import type { Emulator, EmulatorName } from './start-emulator.ts';

/** What a test on AWS talks to: an emulator, or AWS itself, with the credentials of this machine. */
export type Upstream = Emulator | { readonly kind: 'account' };

/** What an account has itself; the others are tools, and stay on this machine. */
const ofAccount: readonly EmulatorName[] = ['dynamodb', 'ministack'];

// For all tests of the file, where it does not say more.
if (isOnAccount) jest.setTimeout(60_000 * patience);

/**
 * An emulator, shared by all files of the test run and ended with it; started, and installed where need be, when the
 * first asks. For `lambda-ric` the endpoint is the `node_modules` folder that has `aws-lambda-ric`. With
 * BANYAN_TEST_AWS=1, an account of AWS stands where an emulator of its services would.
 */
export async function emulator(name: EmulatorName): Promise<Upstream> {
  if (isOnAccount && ofAccount.includes(name)) return { kind: 'account' };
  const port = process.env['BANYAN_TEST_BROKER'];
  if (port === undefined) throw new Error('No broker of emulators: run the tests by npm run jest.');
  const { status, body } = await ask(`http://127.0.0.1:${port}/${name}`);
  if (status !== 200) throw new Error(`The emulator ${name} could not be started: ${body}`);
  return JSON.parse(body) as Emulator;
}

/**
 * Where a running emulator is; inside `describeWith` it runs. Clients are built with `clientConfig`, since an account
 * has no endpoint to tell.
 */
export function endpointOf(upstream: Upstream): string {
  if (upstream.kind === 'running') return upstream.endpoint;
  throw new Error(
    upstream.kind === 'missing' ? `An emulator is missing: ${upstream.why}` : 'An account is no emulator.',
  );
}

/**
 * A `describe` for which all of the emulators have to run. Where one is missing, a skipped test says why; in CI, where
 * nothing may be left out, it throws.
 */
export function describeWith(upstreams: readonly Upstream[], name: string, body: () => void): void {
  const missing = upstreams.flatMap((each) => (each.kind === 'missing' ? [each.why] : []));
  if (missing.length === 0) {
    describe(name, body);
    return;
  }
  const why = missing.join('; ');
  if (process.env['CI']) throw new Error(`In CI nothing may be left out, but "${name}" cannot run: ${why}`);
  describe(name, () => {
    test.skip(`left out: ${why}`, () => undefined);
  });
}

/** By `node:http`, since `fetch` gives up after five minutes and a first install may take longer. */
function ask(url: string): Promise<{ readonly status: number | undefined; readonly body: string }> {
  return new Promise((resolve, reject) => {
    get(url, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
      response.once('end', () => resolve({ status: response.statusCode, body })).once('error', reject);
    }).once('error', reject);
  });
}
