import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { bundleFunction } from 'banyan/replay';
import { xrayTracer } from 'banyan/runtime/aws';
import { clientConfig } from '../../kit/aws/client-config.ts';
import { describeWith, emulator, endpointOf } from '../../kit/aws/emulators.ts';
import { uniqueName } from '../../kit/aws/test-names.ts';
import { eventually } from '../../kit/eventually.ts';
import { startEnvironment, type ExecutionEnvironment } from '../../kit/lambda/execution-environment.ts';
import { startUpstream } from '../../runtime/aws/testing/http-upstream.ts';
import { startXrayListener, type SentSubsegment } from '../../runtime/aws/testing/xray-listener.ts';
import { testClient } from '../dynamodb/testing/test-client.ts';
import { dynamodbViews } from '../dynamodb/index.ts';
import { UnorderedView } from '../testing/unordered-view.ts';
import { eventMessage, messageOf } from './testing/messages.ts';
import { tracedFunction } from './testing/traced-function.ts';

const [client, dynamodb] = [await emulator('lambda-ric'), await emulator('dynamodb')];

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const traceId = '1-5759e988-bd862e3fe1be46a994272793';
const segment = '53995c3f42cd8ad8';
const sampled = `Root=${traceId};Parent=${segment};Sampled=1`;
const answered = { kind: 'response', response: { batchItemFailures: [] } };

describeWith([client, dynamodb], 'traces of a function on the real runtime client', () => {
  let directory = '';

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'banyan-traced-'));
    const from = './projections/lambda/testing/traced-function.ts';
    const entry = `import { ${tracedFunction.name} } from '${from}';
export const handler = ${tracedFunction.name}(process.env);`;
    await writeFile(join(directory, 'index.mjs'), (await bundleFunction(entry, process.cwd())).text);
  });
  afterAll(() => rm(directory, { recursive: true, force: true }));

  async function begun() {
    const prefix = uniqueName();
    const store = dynamodbViews({ client: testClient(dynamodb), prefix, shards: 2 });
    await store.prepare();
    const view = await UnorderedView.begin(undefined, store);
    closing.push(() => store.dropGeneration(view.generation));
    const listener = await startXrayListener();
    closing.push(() => listener.close());
    const { projection: VIEW } = view.generation;
    const environment = async (
      given: { readonly traceHeader?: string; readonly env?: Readonly<Record<string, string>> } = {},
    ): Promise<ExecutionEnvironment> => {
      const { endpoint: DYNAMODB = '' } = clientConfig(dynamodb);
      const env = { VIEW, DYNAMODB, PREFIX: prefix, AWS_XRAY_DAEMON_ADDRESS: listener.address, ...given.env };
      const started = await startEnvironment({
        ...{ runtimeClient: endpointOf(client), directory, traceHeader: sampled, ...given },
        env,
      });
      closing.push(() => started.close());
      return started;
    };
    return { view, listener, environment };
  }

  test('a batch is shown with its calls, linked to its events, frozen behind it or not', async () => {
    const { view, listener, environment } = await begun();
    const one = await environment();
    const events = [
      ...view.append(['Counted', 'private-a'], ['Counted', 'private-b']),
      ...view.append(['Cleared', 'private-a']),
    ];
    expect(await one.invoke({ Records: [...events, ...events].map(eventMessage) })).toEqual(answered);
    const ofOne = await endedBatch(1);
    expect(ofOne).toMatchObject({
      ...{ name: 'batch', trace_id: traceId, parent_id: segment, type: 'subsegment' },
      annotations: {
        ...{ group: 'counting', projection: view.generation.projection, generation: 1 },
        ...{ messages: 6, events: 3, duplicates: 3, documents: 2 },
        linkedTraces: [events[0], events[2]].map((event) => event?.traceparent.split('-')[1]).join(' '),
      },
      links: [{ id: events[0]?.traceparent.split('-')[2] }, { id: events[2]?.traceparent.split('-')[2] }],
    });
    const calls = listener.documents().filter(({ name }) => name === 'DynamoDB');
    for (const call of calls) expect(call).toMatchObject({ trace_id: traceId, parent_id: ofOne?.id });
    expect(new Set(calls.map(({ aws }) => aws?.['operation']))).toEqual(
      new Set(['GetItem', 'Query', 'BatchGetItem', 'TransactWriteItems', 'BatchWriteItem']),
    );
    // It is frozen now, and the next invocation tells of itself alone.
    const later = view.append(['Counted', 'private-c']);
    const records = [messageOf('{"kind":"strange"}', 'strange'), ...later.map(eventMessage)];
    expect(await one.invoke({ Records: records })).toMatchObject({ kind: 'response' });
    const ofTwo = await endedBatch(2);
    expect(ofTwo?.annotations).toMatchObject({ messages: 2, events: 1, refused: 1, returned: 1 });
    expect(ofTwo?.['links']).toHaveLength(1);
    expect(listener.datagrams.join('\n')).not.toContain('private');

    async function endedBatch(count: number): Promise<SentSubsegment | undefined> {
      const ended = (): readonly SentSubsegment[] =>
        listener.documents().filter((document) => document.name === 'batch' && !document.in_progress);
      await eventually(() => expect(ended()).toHaveLength(count));
      return ended().at(-1);
    }
  });

  test('a function that is cut off leaves the beginning of its batch', async () => {
    const { view, listener, environment } = await begun();
    const silent = await startUpstream(() => undefined);
    closing.push(() => silent.close());
    const one = await environment({ env: { DYNAMODB: silent.endpoint } });
    const records = view.append(['Counted', 'a']).map(eventMessage);
    const invoked = one.invoke({ Records: records });
    await eventually(() => expect(listener.datagrams).toHaveLength(1));
    one.kill();
    expect((await invoked).kind).not.toBe('response');
    expect(listener.documents()[0]).toMatchObject({ name: 'batch', in_progress: true, trace_id: traceId });
  });

  test('without a sample, or without a daemon, it works as ever', async () => {
    const { view, listener, environment } = await begun();
    const notSampled = await environment({ traceHeader: `Root=${traceId};Parent=${segment};Sampled=0` });
    const alone = await environment({ env: { AWS_XRAY_DAEMON_ADDRESS: '127.0.0.1:9' } });
    for (const one of [notSampled, alone, notSampled, alone]) {
      const records = view.append(['Counted', 'a'], ['Counted', 'b']).map(eventMessage);
      expect(await one.invoke({ Records: records })).toEqual(answered);
    }
    expect(await view.documents()).toEqual(view.expected);
    // What had been sent would have come before this.
    const own = xrayTracer({ daemon: listener.address, header: () => sampled });
    await own.traced({ name: 'last' }, () => Promise.resolve());
    await eventually(() => expect(listener.datagrams.length).toBeGreaterThan(1));
    expect(new Set(listener.documents().map(({ name }) => name))).toEqual(new Set(['last']));
  });
});
