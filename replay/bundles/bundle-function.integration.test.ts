import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from '@jest/globals';
import { bundleFunction } from './bundle-function.ts';

const root = process.cwd();
// Of "Ungültige Eingabe", whose first word esbuild writes in ASCII.
const german = 'ltige Eingabe';

test('a function is one module that needs nothing but Node', async () => {
  const entry = `import { z } from 'zod';
export const handler = async (event) => z.object({ n: z.int() }).parse(event);`;
  const { text, bytes, sourceMap } = await bundleFunction(entry, root);
  expect(bytes).toBe(Buffer.byteLength(text));
  expect(JSON.parse(sourceMap)).toMatchObject({ version: 3 });
  const directory = await mkdtemp(join(tmpdir(), 'banyan-bundle-'));
  try {
    await writeFile(join(directory, 'index.mjs'), text);
    const { handler } = (await import(pathToFileURL(join(directory, 'index.mjs')).href)) as {
      handler: (event: unknown) => Promise<unknown>;
    };
    expect(await handler({ n: 1 })).toEqual({ n: 1 });
    await expect(handler({ n: 'one' })).rejects.toThrow('Invalid input: expected number');
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
  expect(text.includes(german)).toBe(false);
});

test('messages in other languages are there when they are named', async () => {
  const entry = `import { z } from 'zod';
z.config(z.locales.de());
export const handler = async (event) => z.object({ n: z.int() }).parse(event);`;
  expect((await bundleFunction(entry, root)).text.includes(german)).toBe(true);
});

test('a projector on DynamoDB, with clients, logger and metrics, is under 1 MB', async () => {
  const entry = `import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { dynamodbViews } from 'banyan/projections/dynamodb';
import { sqsProjector } from 'banyan/projections/lambda';
import { awsClient, emfMetrics, lambdaLogger } from 'banyan/runtime/aws';
import { counters } from './projections/testing/counters.ts';
const metrics = emfMetrics({ namespace: 'banyan', service: 'counters' });
const client = awsClient(DynamoDBClient, { upstream: 'dynamodb', metrics });
export const handler = sqsProjector({ projection: counters, store: dynamodbViews({ client }), metrics,
  logger: lambdaLogger({ service: 'counters', group: 'counting' }), group: 'counting' });`;
  const { bytes, text } = await bundleFunction(entry, root);
  expect(bytes).toBeLessThan(1_000_000);
  // Neither another store's driver nor another logger.
  expect(/knex|pino/.exec(text)?.[0]).toBeUndefined();
});

test('a module that is read, and of which nothing is used, brings no languages', async () => {
  // The door of this room leads to `bundle-function.ts` too, which speaks of `locales`.
  const entry = `import { openBundleStore } from 'banyan/replay';
export const handler = (event) => openBundleStore(event);`;
  const { text } = await bundleFunction(entry, root);
  expect(text.includes('Invalid input')).toBe(true);
  expect(text.includes(german)).toBe(false);
});
