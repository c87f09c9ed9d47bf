import { CreateTableCommand } from '@aws-sdk/client-dynamodb';
import type { DomainEvent, EventLogLine } from 'banyan/events';
import { createTracker, type Generation, type ViewStore } from 'banyan/projections';
import { dynamodbViews } from 'banyan/projections/dynamodb';
import { silentLogger, type LogReader } from 'banyan/runtime';
import { startEnvironment, type ExecutionEnvironment } from '../kit/lambda/execution-environment.ts';
import { dynamodbClient, generationId, minimalTable } from './aws-functions.ts';
import type { Left, Stack } from './aws-stack.ts';
import { Arrivals } from './projector-run.ts';
import { log } from './replay-log.ts';
import view from './replay-view.ts';

/** Which function. */
export type Contender = 'minimal' | 'convergent';

/** What is run. */
export interface AwsInput {
  readonly stack: Stack;
  readonly events: readonly DomainEvent[];
  readonly reader: LogReader<EventLogLine>;
  /** By contender, the folder of its bundle. */
  readonly bundles: Readonly<Record<Contender, string>>;
}

/** How fast it went. */
export interface AwsRates {
  /** Events a second from the first one's publishing to the last message's deletion. */
  readonly whole: number;
  /** Events a second of the functions alone, while they were invoked. */
  readonly functions: number;
}

/** Instances of the function. */
const instances = 2;
/** Events that are published at once. */
const published = 100;

let prefixes = 0;

/** Makes the tables that a contender needs. */
export async function prepare(
  endpoint: string,
  contender: Contender,
): Promise<{ readonly prefix: string; readonly store: ViewStore; readonly generation: Generation }> {
  const prefix = `bench${String(process.pid)}-${String((prefixes += 1))}`;
  const client = dynamodbClient(endpoint);
  const store = dynamodbViews({ client, prefix });
  const generation: Generation = {
    ...{ ...generationId, state: { kind: 'live' }, bundle: 'bench', logs: [log], floor: {}, indexes: [] },
    createdAt: '2026-01-01T00:00:00.000Z',
  };
  if (contender === 'convergent') {
    await store.prepare();
    await store.createGeneration(generation);
  } else {
    await client.send(
      new CreateTableCommand({
        TableName: minimalTable(prefix),
        AttributeDefinitions: [{ AttributeName: 'key', AttributeType: 'S' }],
        KeySchema: [{ AttributeName: 'key', KeyType: 'HASH' }],
        BillingMode: 'PAY_PER_REQUEST',
      }),
    );
  }
  return { prefix, store, generation };
}

/** The whole way: published while functions take what comes, and the tracker runs beside Banyan's. */
export async function runOnce(input: AwsInput, contender: Contender): Promise<AwsRates> {
  const { stack, events, bundles } = input;
  const { prefix, store, generation } = await prepare(stack.dynamodb, contender);
  const line = await stack.line();
  const environments: ExecutionEnvironment[] = [];
  try {
    for (let at = 0; at < instances; at += 1)
      environments.push(await start(stack, bundles[contender], prefix));
    const left: Left = { messages: events.length, invocationMs: 0 };
    const arrived = new Arrivals(events);
    const began = performance.now();
    const draining = Promise.all(environments.map((one) => line.drain(one, left)));
    const tracking = contender === 'convergent' ? track(input, store, generation, arrived, left) : undefined;
    for (let at = 0; at < events.length; at += published) {
      const some = events.slice(at, at + published);
      await line.sender.publish(some);
      arrived.add(some.length);
    }
    await draining;
    const seconds = (performance.now() - began) / 1000;
    await tracking;
    const functionSeconds = left.invocationMs / 1000 / instances;
    return { whole: events.length / seconds, functions: events.length / functionSeconds };
  } finally {
    for (const environment of environments) await environment.close();
    await line.sender.close();
  }
}

function start(stack: Stack, directory: string, prefix: string): Promise<ExecutionEnvironment> {
  const { runtimeClient, dynamodb } = stack;
  return startEnvironment({ runtimeClient, directory, env: { DYNAMODB: dynamodb, PREFIX: prefix } });
}

/** The watermark tracker at work beside the functions, once a second. */
async function track(
  { reader }: AwsInput,
  store: ViewStore,
  generation: Generation,
  arrived: Arrivals,
  left: Left,
): Promise<void> {
  const tracker = createTracker({
    ...{ projection: view, generation, store, logs: [{ log, reader }], logger: silentLogger },
    tallies: { tallies: (_, after) => arrived.tallies(after) },
  });
  while (left.messages > 0) {
    await new Promise((resolve) => setTimeout(resolve, 1000));
    await tracker.run();
  }
}
