import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import type { DomainEvent } from 'banyan/events';
import { bundleFunction } from 'banyan/replay';
import { BanyanError } from 'banyan/runtime';
import { describeWith, emulator, endpointOf } from '../../kit/aws/emulators.ts';
import { eventually } from '../../kit/eventually.ts';
import {
  startEnvironment,
  type ExecutionEnvironment,
  type Invoked,
} from '../../kit/lambda/execution-environment.ts';
import { seeded } from '../../kit/seeded.ts';
import { hookedStore, type StoreHook } from '../testing/hooked-store.ts';
import { UnorderedView } from '../testing/unordered-view.ts';
import type { SqsBatchResponse, SqsRecord } from './function-types.ts';
import { countingFunction } from './testing/counting-function.ts';
import { eventMessage, messageOf } from './testing/messages.ts';
import { serveStore } from './testing/remote-store.ts';

const client = await emulator('lambda-ric');

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** The messages that come again. */
function again(records: readonly SqsRecord[], invoked: Invoked): readonly SqsRecord[] {
  if (invoked.kind !== 'response') return records;
  const failures = new Set(
    (invoked.response as SqsBatchResponse).batchItemFailures.map(({ itemIdentifier }) => itemIdentifier),
  );
  return records.filter(({ messageId }) => failures.has(messageId));
}

describeWith([client], 'the function on the real runtime client of Lambda', () => {
  let directory = '';

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'banyan-function-'));
    const from = './projections/lambda/testing/counting-function.ts';
    const entry = `import { ${countingFunction.name} } from '${from}';
export const handler = ${countingFunction.name}(process.env);`;
    const { text, bytes } = await bundleFunction(entry, process.cwd());
    expect(bytes).toBeLessThan(1_000_000);
    await writeFile(join(directory, 'index.mjs'), text);
  });
  afterAll(() => rm(directory, { recursive: true, force: true }));

  /** A view whose store any number of environments reach. */
  async function begun(hook: StoreHook = () => undefined) {
    const view = await UnorderedView.begin();
    const served = await serveStore(hookedStore(view.store, hook));
    closing.push(() => served.close());
    const env = { VIEW: view.generation.projection, STORE: served.endpoint };
    const environment = async (
      more: Readonly<Record<string, string>> = {},
    ): Promise<ExecutionEnvironment> => {
      const started = await startEnvironment({
        runtimeClient: endpointOf(client),
        directory,
        env: { ...env, ...more },
      });
      closing.push(() => started.close());
      return started;
    };
    return { view, environment };
  }

  /** Nothing is missing, so nothing is healed. */
  async function expectComplete(view: UnorderedView): Promise<void> {
    view.tally();
    expect(await view.tracker().run()).toMatchObject({ unmet: 0, healed: 0 });
    expect(await view.documents()).toEqual(view.expected);
  }

  test('applies batch after batch, frozen between them, and names the messages that come again', async () => {
    const { view, environment } = await begun();
    const one = await environment();
    const events = view.append(['Counted', 'a'], ['Counted', 'b'], ['Cleared', 'a']);
    const stranger = messageOf('{"kind":"strange"}');
    const first = [...events].reverse().map(eventMessage);
    expect(await one.invoke({ Records: [stranger, ...first] })).toEqual({
      kind: 'response',
      response: { batchItemFailures: [{ itemIdentifier: stranger.messageId }] },
    });
    const later = view.append(['Counted', 'c'], ['Counted', 'a']);
    const second = await one.invoke({ Records: later.map(eventMessage) });
    expect(again(later.map(eventMessage), second)).toEqual([]);
    await expectComplete(view);
    expectTold(one, [...events, ...later]);
  });

  /** Lines of each event, and metrics, as CloudWatch gets them. */
  function expectTold({ output }: ExecutionEnvironment, events: readonly DomainEvent[]): void {
    const lines = output.map((line) => JSON.parse(line) as Record<string, unknown>);
    for (const { id, position, traceparent, data } of events) {
      const [key] = data['keys'] as readonly string[];
      expect(lines).toContainEqual(
        expect.objectContaining({
          ...{ level: 'INFO', eventId: id, position, key, group: 'counting', firstKey: key },
          ...{ traceId: traceparent.split('-')[1] },
        }),
      );
    }
    const metrics = lines.filter((line) => '_aws' in line);
    expect(metrics).toContainEqual(expect.objectContaining({ events: 3, refused: 1, returned: 1 }));
    expect(metrics).toContainEqual(expect.objectContaining({ coldStarts: 1 }));
  }

  test('killed in mid-batch, its messages come to another environment', async () => {
    let writes = 0;
    const started: ExecutionEnvironment[] = [];
    const { view, environment } = await begun((call, isDone) => {
      if (call !== 'writeMany' || !isDone) return;
      writes += 1;
      // The second chunk is written, and nobody hears of it.
      if (writes === 2) started[0]?.kill();
    });
    const [one, other] = [await environment(), await environment()];
    started.push(one);
    const records = view
      .append(['Counted', 'a'], ['Counted', 'b'], ['Counted', 'a'], ['Counted', 'b'], ['Counted', 'c'])
      .map(eventMessage);
    expect(await one.invoke({ Records: records })).toEqual({ kind: 'died', by: 'SIGKILL' });
    expect(writes).toBe(2);
    expect(again(records, await other.invoke({ Records: records }))).toEqual([]);
    await expectComplete(view);
  });

  test('frozen in mid-batch while another environment takes its messages, it changes nothing when it is thawed', async () => {
    let held: (() => void) | undefined;
    let isToHold = true;
    const { view, environment } = await begun(async (call, isDone) => {
      if (call !== 'writeMany' || isDone || !isToHold) return;
      isToHold = false;
      await new Promise<void>((resolve) => (held = resolve));
    });
    const [one, other] = [await environment(), await environment()];
    const records = view.append(['Counted', 'a'], ['Counted', 'b'], ['Counted', 'a']).map(eventMessage);
    const frozen = one.invoke({ Records: records });
    await eventually(() => expect(held).toBeDefined());
    one.freeze();
    expect(again(records, await other.invoke({ Records: records }))).toEqual([]);
    const more = view.append(['Cleared', 'a'], ['Counted', 'a']).map(eventMessage);
    expect(again(more, await other.invoke({ Records: more }))).toEqual([]);
    expect(await view.documents()).toEqual(view.expected);
    held?.();
    one.thaw();
    expect(again(records, await frozen)).toEqual([]);
    await expectComplete(view);
  });

  test('whose store does not answer gives its messages back before its time is over', async () => {
    let isToHold = true;
    const { view, environment } = await begun(async (call, isDone) => {
      if (call === 'readMany' && !isDone && isToHold) await new Promise(() => undefined);
    });
    const [one, other] = [await environment(), await environment()];
    const records = view.append(['Counted', 'a']).map(eventMessage);
    const answer = await one.invoke({ Records: records }, 6000);
    expect(answer.kind).toBe('response');
    expect(again(records, answer)).toEqual(records);
    isToHold = false;
    expect(again(records, await other.invoke({ Records: records }))).toEqual([]);
    await expectComplete(view);
  });

  test('throttled, killed and frozen all the time, each document is the ordered fold', async () => {
    const seed = Number(process.env['BANYAN_SEED'] ?? Date.now() % 2 ** 31);
    const random = seeded(seed);
    const environments: (ExecutionEnvironment | undefined)[] = [undefined, undefined];
    const strike = (): void => {
      const victim = environments[Math.floor(random() * environments.length)];
      const luck = random();
      if (luck < 0.015) victim?.kill();
      else if (luck < 0.1) throw new BanyanError('VIEW_STORE_UNREACHABLE', 'throttled', { retryable: true });
    };
    let isCalm = false;
    const { view, environment } = await begun(() => (isCalm ? undefined : strike()));
    const queue: SqsRecord[] = [];
    for (let at = 0; at < 60; at += 1) {
      const event = view.append([random() < 0.2 ? 'Cleared' : 'Counted', `k${Math.floor(random() * 4)}`])[0];
      for (let copy = 0; copy <= random() * 2; copy += 1) queue.push(eventMessage(event));
    }
    const work = async (at: number): Promise<void> => {
      while (queue.length > 0) {
        const place = environments[at]?.isAlive ? environments[at] : await environment({ CHUNK: '3' });
        environments[at] = place;
        const records = Array.from({ length: 12 }, () =>
          queue.splice(Math.floor(random() * queue.length), 1),
        ).flat();
        queue.push(...again(records, await place.invoke({ Records: records })));
      }
    };
    await Promise.all([work(0), work(1)]);
    isCalm = true;
    try {
      await expectComplete(view);
    } catch (error) {
      throw new Error(`with BANYAN_SEED=${String(seed)}`, { cause: error });
    }
  });

  test('that cannot begin says why', async () => {
    const broken = await mkdtemp(join(tmpdir(), 'banyan-function-'));
    closing.push(() => rm(broken, { recursive: true, force: true }));
    await writeFile(join(broken, 'index.mjs'), 'throw new Error("no settings")');
    await expect(startEnvironment({ runtimeClient: endpointOf(client), directory: broken })).rejects.toThrow(
      'no settings',
    );
  });
});
