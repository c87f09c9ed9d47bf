import { toError } from 'banyan/runtime';
import type { Places } from './tour.ts';

/** What the demo says. Plain lines, so that it reads the same in a terminal and in a log. */
const write = (text: string): void => void process.stdout.write(text);

/** Runs a step of the preparations and tells how long it took. */
async function step<T>(title: string, work: () => Promise<T>): Promise<T> {
  const began = performance.now();
  write(`  ${title} … `);
  const result = await work();
  write(`${((performance.now() - began) / 1000).toFixed(1)} s\n`);
  return result;
}

/** The demo's voice. */
export const say = {
  step,
  title: (text: string): void => write(`\n${text}\n\n`),
  line: (text: string): void => write(`  ${text}\n`),
  /** A request and what was answered. */
  request: (method: string, url: string, status: number): void => write(`  ${method} ${url} → ${status}\n`),
  /** Data, indented. */
  data: (value: unknown): void => write(`${JSON.stringify(value, null, 2).replace(/^/gm, '    ')}\n`),
  verified: (text: string): void => write(`  ✓ ${text}\n`),
  failed: (error: unknown): void => write(`\n  ✗ ${toError(error).message}\n`),
  stayingUp: (places: Places): void => {
    const gateways = Object.entries(places.gateways).map(
      ([group, url]) => `  ${`${group} gateway`.padEnd(20)} ${url}\n`,
    );
    const described = Object.values(places.gateways).map((url) => `${url}/openapi.json`);
    write(`
It stays up. To try:

  ${'monolith'.padEnd(20)} ${places.monolith}
${gateways.join('')}  ${'described at'.padEnd(20)} ${described.join(', ')}
  ${'legacy database'.padEnd(20)} ${places.shopUrl}

  a token for customer 1, for "Authorization: Bearer":
  ${places.token ?? ''}

Ctrl-C ends it.
`);
  },
};
