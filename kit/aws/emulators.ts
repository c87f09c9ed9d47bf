import { describe, test } from '@jest/globals';
import { get } from 'node:http';
import type { Emulator, EmulatorName } from './start-emulator.ts';

export type { Emulator, EmulatorName } from './start-emulator.ts';

/**
 * An emulator, shared by all files of the test run and ended with it; started, and installed where need be, when the
 * first asks. For `lambda-ric` the endpoint is the `node_modules` folder that has `aws-lambda-ric`.
 */
export async function emulator(name: EmulatorName): Promise<Emulator> {
  const port = process.env['BANYAN_TEST_BROKER'];
  if (port === undefined) throw new Error('No broker of emulators: run the tests by npm run jest.');
  const { status, body } = await ask(`http://127.0.0.1:${port}/${name}`);
  if (status !== 200) throw new Error(`The emulator ${name} could not be started: ${body}`);
  return JSON.parse(body) as Emulator;
}

/** Where a running emulator is; inside `describeWith` it runs. */
export function endpointOf(emulator: Emulator): string {
  if (emulator.kind === 'missing') throw new Error(`An emulator is missing: ${emulator.why}`);
  return emulator.endpoint;
}

/**
 * A `describe` for which all of the emulators have to run. Where one is missing, a skipped test says why; in CI, where
 * nothing may be left out, it throws.
 */
export function describeWith(emulators: readonly Emulator[], name: string, body: () => void): void {
  const missing = emulators.flatMap((each) => (each.kind === 'missing' ? [each.why] : []));
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
