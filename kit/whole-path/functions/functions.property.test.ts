import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { dynamodbViews } from 'banyan/projections/dynamodb';
import { bundleFunction } from 'banyan/replay';
import { awsClient } from 'banyan/runtime/aws';
import fc from 'fast-check';
import { patience } from '../../aws/account.ts';
import { clientConfig } from '../../aws/client-config.ts';
import { describeWith, emulator, endpointOf } from '../../aws/emulators.ts';
import { uniqueName } from '../../aws/test-names.ts';
import { startEnvironment } from '../../lambda/execution-environment.ts';
import { seeded } from '../../seeded.ts';
import { expectConverged } from '../convergence/expect-converged.ts';
import { happenings } from '../convergence/history.ts';
import { committed } from '../convergence/oracle.ts';
import { startFaultyDynamodb, type Fault } from './faulty-dynamodb.ts';
import { trailsFunction } from './trails-function.ts';
import { FunctionWorld, generation, type Weather } from './world.ts';

const isLong = process.env['BANYAN_LONG'] !== undefined;
const runs = Number(process.env['BANYAN_RUNS'] ?? (isLong ? 100 : 8));
const seed = Number(process.env['BANYAN_SEED'] ?? Date.now() % 2 ** 31);
const [client, dynamodb] = [await emulator('lambda-ric'), await emulator('dynamodb')];

interface AwsWeather extends Weather {
  /** Of DynamoDB's calls. */
  readonly faults: number;
  /** Of faults: that all calls have them for a while, for longer than a store or a batch is patient. */
  readonly spells: number;
  /** Milliseconds for which the store of a function tries a call again. */
  readonly patienceMs: number;
}

const weathers: fc.Arbitrary<AwsWeather> = fc.record({
  seed: fc.nat(),
  drop: fc.constantFrom(0, 0.05, 0.3),
  repeat: fc.constantFrom(1, 1, 3, 10),
  batch: fc.constantFrom(1, 10, 40),
  kill: fc.constantFrom(0, 0.05),
  sleep: fc.constantFrom(0, 0.1),
  timeMs: fc.constantFrom(300, 30_000),
  purge: fc.boolean(),
  faults: fc.constantFrom(0, 0.1, 0.3, 0.3, 0.3),
  spells: fc.constantFrom(0, 0.1, 0.1),
  patienceMs: fc.constantFrom(0, 0, 20, 2000),
});

/** Long ones: what costs most is the start of the processes. */
const histories = fc.tuple(happenings, happenings).map((parts) => parts.flat());

const faults: readonly Fault[] = ['throttled', 'condition', 'lost-answer', 'unprocessed'];

/** Faults here and there, and some for a while. */
function spelled(
  { faults: often, spells }: AwsWeather,
  random: () => number,
  isCalm: () => boolean,
): () => Fault {
  let spell: { readonly fault: Fault; readonly until: number } = { fault: 'none', until: -Infinity };
  return () => {
    if (isCalm()) return 'none';
    if (performance.now() < spell.until) return spell.fault;
    if (random() >= often) return 'none';
    const fault = faults[Math.floor(random() * faults.length)] ?? 'none';
    if (random() < spells) spell = { fault, until: performance.now() + 600 * random() };
    return fault;
  };
}

describeWith([client, dynamodb], 'functions on DynamoDB', () => {
  let directory = '';

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'banyan-functions-'));
    const from = './kit/whole-path/functions/trails-function.ts';
    const entry = `import { ${trailsFunction.name} } from '${from}';
export const handler = ${trailsFunction.name}(process.env);`;
    await writeFile(join(directory, 'index.mjs'), (await bundleFunction(entry, process.cwd())).text);
  });
  afterAll(() => rm(directory, { recursive: true, force: true }));

  test(
    `killed, frozen, throttled: each document is the ordered fold (seed ${String(seed)}, ${String(runs)} runs)`,
    async () => {
      const met = new Set<string>();
      await fc.assert(
        fc.asyncProperty(histories, weathers, async (history, weather) => {
          const { world, store, close } = await begin(weather, met);
          try {
            await world.run(committed(history));
            await expectConverged(history, { store, generation, lost: world.lost, end: world.told.end });
          } finally {
            await close();
          }
        }),
        // What runs in processes of its own does not fail the same way twice: shrinking would only take time.
        { numRuns: runs, seed, endOnFailure: true },
      );
      // It is no calm sea that was crossed.
      if (runs >= 8) expect(met.size).toBeGreaterThan(1);
    },
    (isLong ? 3600 : 600) * 1000 * patience,
  );

  async function begin(weather: AwsWeather, met: Set<string>) {
    const random = seeded(weather.seed);
    const prefix = uniqueName();
    let isCalm = false;
    const faulty = await startFaultyDynamodb({
      ...{ upstream: dynamodb, random },
      faultOf: spelled(weather, random, () => isCalm),
    });
    const clients = [dynamodb, { kind: 'running', endpoint: faulty.endpoint } as const].map((upstream) =>
      awsClient(DynamoDBClient, { upstream: 'dynamodb', ...clientConfig(upstream) }),
    );
    const [store, trackersStore] = clients.map((one) => dynamodbViews({ client: one, prefix, shards: 2 }));
    if (!store || !trackersStore) throw new Error('there are two');
    const env = { DYNAMODB: faulty.endpoint, PREFIX: prefix, PATIENCE: String(weather.patienceMs) };
    const world = new FunctionWorld({
      ...{ weather, random, store, trackersStore, calm: () => void (isCalm = true) },
      start: () => startEnvironment({ runtimeClient: endpointOf(client), directory, env }),
    });
    return {
      store,
      world,
      close: async () => {
        for (const [fault, count] of Object.entries(faulty.counts)) if (count > 0) met.add(fault);
        await store.dropGeneration(generation);
        for (const one of clients) one.destroy();
        await faulty.close();
      },
    };
  }
});
