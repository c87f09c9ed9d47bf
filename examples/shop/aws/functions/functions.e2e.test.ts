import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { eventLogName, type DomainEvent, type EventLogRef } from 'banyan/events';
import type { Generation, ViewStore } from 'banyan/projections';
import { dynamodbViews } from 'banyan/projections/dynamodb';
import {
  bundleFunction,
  bundlesDirectory,
  eventLogDirectory,
  openBundleStore,
  talliesDirectory,
  type BundleStore,
  type FunctionBundle,
} from 'banyan/replay';
import { closeAll, nodeFileSystem, openLogWriter, type Closeable } from 'banyan/runtime';
import { awsClient } from 'banyan/runtime/aws';
import { clientConfig, environmentOf } from '../../../../kit/aws/client-config.ts';
import { describeWith, emulator, endpointOf } from '../../../../kit/aws/emulators.ts';
import { uniqueName } from '../../../../kit/aws/test-names.ts';
import { startFunction, type LambdaFunction } from '../../../../kit/lambda/lambda-function.ts';
import { eventMessage } from '../../../../projections/lambda/testing/messages.ts';
import { packageFunction, type FunctionName } from '../testing/function-package.ts';

const [dynamodb, client] = [await emulator('dynamodb'), await emulator('lambda-ric')];

const log: EventLogRef = { source: 'shop', translation: 'doors', version: 1 };

/** By what they say. */
const built = new Map<string, Promise<FunctionBundle>>();

/** The code of a view that says so of whoever knocked. */
function codeThat(says: string): Promise<FunctionBundle> {
  const made = built.get(says) ?? bundleFunction(sourceThat(says), process.cwd());
  built.set(says, made);
  return made;
}

function sourceThat(says: string): string {
  return `import { event } from 'banyan/events';
import { projection } from 'banyan/projections';
import { z } from 'zod';
const Knocked = event('Knocked', z.object({ who: z.string() }));
export default projection('doors', z.object({ says: z.string() }))
  .on(Knocked, { key: (e) => e.who, apply: () => ({ says: ${JSON.stringify(says)} }) });`;
}

const knocked: DomainEvent = {
  ...{ ...log, id: `${eventLogName(log)}:1:0`, type: 'Knocked', position: 1, index: 0 },
  ...{ logTime: '2026-01-01T00:00:00.000000Z', committedAt: '2026-01-01T00:00:00.000000Z' },
  ...{ traceparent: `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`, causedBy: 'shop:1' },
  data: { who: 'neighbour' },
};

const started: Closeable[] = [];
afterEach(() => closeAll(started.splice(0)));

describeWith([dynamodb, client], 'the functions of the shop', () => {
  let [directory, viewsPrefix] = ['', ''];
  let store: ViewStore;
  let bundles: BundleStore;

  beforeEach(async () => {
    directory = await folder();
    viewsPrefix = uniqueName();
    const tables = awsClient(DynamoDBClient, { ...clientConfig(dynamodb), upstream: 'dynamodb' });
    started.push({ close: async () => tables.destroy() });
    store = dynamodbViews({ client: tables, prefix: viewsPrefix });
    bundles = openBundleStore({ directory: bundlesDirectory(directory), fileSystem: nodeFileSystem });
    await store.prepare();
    const given = { fileSystem: nodeFileSystem, owner: 'a test', name: eventLogName(log) };
    const events = { kind: 'event-log', directory: eventLogDirectory(directory, log) };
    const tallies = { kind: 'tallies', directory: talliesDirectory(directory, log) };
    for (const one of [events, tallies]) await (await openLogWriter({ ...given, ...one })).close();
  });

  async function folder(): Promise<string> {
    const made = await mkdtemp(join(tmpdir(), 'banyan-shop-functions-'));
    started.push({ close: () => rm(made, { recursive: true, force: true }) });
    return made;
  }

  /** A live generation, with its bundle. */
  async function generationOf(number: number, says: string): Promise<Generation> {
    const { text, sourceMap } = await codeThat(says);
    const bundle = createHash('sha256').update(text).digest('hex');
    await bundles.put({ text, sourceMap, hash: bundle, kind: 'projection', name: 'doors', inputs: {} });
    const generation = await store.createGeneration({
      ...{ projection: 'doors', number, bundle, logs: [log], floor: {}, indexes: [] },
      ...{ state: { kind: 'live' }, createdAt: '2026-01-01T00:00:00.000Z' },
    });
    started.push({ close: () => store.dropGeneration(generation) });
    return generation;
  }

  interface Deploying {
    readonly packed: readonly Generation[];
    readonly GENERATIONS?: string;
  }

  async function deployed(name: FunctionName, { packed, ...settings }: Deploying): Promise<LambdaFunction> {
    const place = await folder();
    await packageFunction(
      name,
      bundles,
      packed.map(({ bundle }) => bundle),
      place,
    );
    const endpoint = dynamodb.kind === 'running' && { DYNAMODB_ENDPOINT: dynamodb.endpoint };
    const env = {
      ...{ GROUP: 'doors', VIEWS_PREFIX: viewsPrefix, BANYAN_DIRECTORY: directory, ...settings },
      ...{ ...endpoint, ...(await environmentOf(dynamodb)) },
    };
    const begun = await startFunction({ runtimeClient: endpointOf(client), directory: place, env });
    started.push(begun);
    return begun;
  }

  async function documentsOf(generation: Generation): Promise<unknown> {
    const item = (await store.readMany(generation, ['neighbour'])).get('neighbour');
    return item?.document;
  }

  test('each generation is folded by the code that built it, and a process that died is replaced', async () => {
    const first = await generationOf(1, 'who is there?');
    const second = await generationOf(2, 'come in');
    const one = await deployed('projector', { packed: [first], GENERATIONS: 'doors@1' });
    const other = await deployed('projector', { packed: [second], GENERATIONS: 'doors@2' });
    const took = { kind: 'response', response: { batchItemFailures: [] } };
    const event = { Records: [eventMessage(knocked)] };
    expect([await one.invoke(event), await other.invoke(event)]).toEqual([took, took]);
    expect(await documentsOf(first)).toEqual({ says: 'who is there?' });
    expect(await documentsOf(second)).toEqual({ says: 'come in' });
    one.kill();
    expect(await one.invoke(event)).toEqual(took);
  });

  test('a tracker serves several generations', async () => {
    const packed = [await generationOf(1, 'who is there?'), await generationOf(2, 'come in')];
    const tracker = await deployed('tracker', { packed, GENERATIONS: 'doors@1,doors@2' });
    expect(await tracker.invoke({ Records: [] })).toEqual({
      kind: 'response',
      response: { batchItemFailures: [] },
    });
  });

  test.each<FunctionName>(['projector', 'tracker'])('a %s has no code but its own', async (name) => {
    const first = await generationOf(1, 'who is there?');
    await generationOf(2, 'come in');
    const wrong = deployed(name, { packed: [first], GENERATIONS: 'doors@2' });
    await expect(wrong).rejects.toThrow(/There is no bundle/);
  });

  test.each<FunctionName>(['projector', 'tracker'])(
    'a %s that is not told what it serves ends',
    async (name) => {
      await expect(deployed(name, { packed: [] })).rejects.toThrow(/GENERATIONS is not set/);
    },
  );

  test('a function of a generation that is not there ends', async () => {
    const packed = [await generationOf(1, 'who is there?')];
    const wrong = deployed('projector', { packed, GENERATIONS: 'doors@7' });
    await expect(wrong).rejects.toThrow('There is no generation 7 of view doors');
  });
});
