import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { eventLogName, type EventLogLine, type MergedLog } from 'banyan/events';
import {
  nodeFileSystem,
  openLogReader,
  openLogWriter,
  type FileSystem,
  type LogWriter,
} from 'banyan/runtime';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { heldAtReading, heldAtSealing, type GatedFileSystem } from '../../kit/gated-file-system.ts';
import type { ConvergeLimits } from '../converge/limits.ts';
import { hookedStore } from '../testing/hooked-store.ts';
import { shopLog, UnorderedView } from '../testing/unordered-view.ts';
import type { ViewStore } from '../view-store.ts';
import { catchUp, type CaughtUp } from './catch-up.ts';

/*
 * A catch-up by the log on disk, whose translator is killed, and which the next one recovers meanwhile.
 */
const few: ConvergeLimits = { windowEvents: 2, windowBytes: 1e6 };
const many: ConvergeLimits = { windowEvents: 100, windowBytes: 1e6 };

let directory: string;
let view: UnorderedView;
const opened: { close(): Promise<void> }[] = [];
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'banyan-recovered-'));
  view = await UnorderedView.begin();
});
afterEach(async () => {
  // Overtaken, most of them.
  for (const one of opened.splice(0).reverse()) await one.close().catch(() => undefined);
  await rm(directory, { recursive: true });
});

async function openTranslator(fileSystem: FileSystem = nodeFileSystem): Promise<LogWriter<EventLogLine>> {
  const identity = { owner: 'a translator', kind: 'event-log', name: eventLogName(shopLog) };
  const writer = await openLogWriter<EventLogLine>({ directory, fileSystem, ...identity, takeOver: true });
  opened.push(writer);
  return writer;
}

/** An event of the key, durable in the log, then delivered. */
async function deliver(translator: LogWriter<EventLogLine>): Promise<void> {
  const events = view.append(['Counted', 'a']);
  const line = view.log.lines.at(-1);
  if (!line) throw new Error('nothing was appended');
  const { position, previous: _, part: __, last: ___, ...payload } = line;
  translator.append(position, payload);
  await translator.sync();
  await view.apply(events, few);
}

/** A key that is behind, and whose last event was dropped since the log has it. */
async function behind(): Promise<LogWriter<EventLogLine>> {
  const translator = await openTranslator();
  for (let at = 0; at < 5; at += 1) await deliver(translator);
  expect((await view.items()).get('a')?.state).toMatchObject({ kind: 'behind' });
  return translator;
}

/** The translator is killed, and the next one is at recovering the log. */
async function recovering({ fileSystem, reached }: GatedFileSystem): Promise<void> {
  openTranslator(fileSystem).catch(() => undefined);
  await reached;
}

/** In a process that has not seen the log before, and does not wait for it. */
async function caughtUp(store: ViewStore = view.store): Promise<CaughtUp> {
  const reader = await openLogReader<EventLogLine>({
    ...{ directory, fileSystem: nodeFileSystem, patienceMs: 0 },
  });
  opened.push(reader);
  const { projection, generation } = view;
  const logs: MergedLog[] = [{ log: shopLog, reader }];
  return catchUp({ projection, generation, store, logs, keys: ['a'], limits: many });
}

async function expectComplete(): Promise<void> {
  view.tally();
  await view.tracker().run();
  expect(await view.documents()).toEqual(view.expected);
}

test('finds what was dropped, while the log is put in order', async () => {
  await behind();
  await recovering(heldAtSealing());
  expect(await caughtUp()).toMatchObject({ caughtUp: ['a'] });
  await expectComplete();
});

test('is refused until it is known where the log ends', async () => {
  await behind();
  const held = heldAtReading();
  await recovering(held);
  await expect(caughtUp()).rejects.toMatchObject({ code: 'LOG_UNSETTLED', retryable: true });
  held.open();
  await openTranslator();
  expect(await caughtUp()).toMatchObject({ caughtUp: ['a'] });
  await expectComplete();
});

test.each([
  ['put in order', heldAtSealing],
  ['read by the next translator', heldAtReading],
])('misses nothing that is dropped before the item keeps it, when the log is %s then', async (_, at) => {
  const translator = await behind();
  const held = at();
  let isFirst = true;
  const store = hookedStore(view.store, async (call, isDone) => {
    if (call !== 'writeMany' || isDone || !isFirst) return;
    isFirst = false;
    // Behind the end that the catch-up has read to.
    await deliver(translator);
    await recovering(held);
  });
  const first = await caughtUp(store).catch((error: unknown) => error);
  if (at === heldAtSealing) expect(first).toMatchObject({ caughtUp: ['a'] });
  else expect(first).toMatchObject({ code: 'LOG_UNSETTLED' });
  held.open();
  await openTranslator();
  // Where it was refused, the key is behind still.
  await caughtUp();
  await expectComplete();
  expect((await view.items()).get('a')?.state).toMatchObject({ kind: 'settled' });
});
