import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  nodeFileSystem,
  openLogReader,
  openLogWriter,
  type FileSystem,
  type JsonObject,
  type LogWriter,
} from 'banyan/runtime';
import { settledHead } from './settled-head.ts';

/*
 * A log whose writer was killed, while the next one recovers it.
 */
let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'banyan-settled-'));
});
afterEach(async () => {
  // Overtaken by now, most of them.
  for (const writer of killed.splice(0)) await writer.close().catch(() => undefined);
  await rm(directory, { recursive: true, force: true });
});

const kind = { owner: 'a test', kind: 'event-log', name: 'shop:orders@2' };
const killed: LogWriter<JsonObject>[] = [];
const never = new AbortController().signal;

/** A writer that was killed, in so far as a process can do that to itself: its log is neither sealed nor closed. */
async function killedWriter(): Promise<void> {
  const writer = await openLogWriter<JsonObject>({ ...kind, directory, fileSystem: nodeFileSystem });
  killed.push(writer);
  for (const position of [1, 2, 3]) writer.append(position, { text: String(position) });
  await writer.sync();
}

/** A file system on which recovering begins, and does not go on before it is let. */
function gated(): {
  readonly fileSystem: FileSystem;
  readonly begun: Promise<void>;
  readonly open: () => void;
} {
  let [began, open] = [(): void => undefined, (): void => undefined];
  const begun = new Promise<void>((resolve) => (began = resolve));
  const gate = new Promise<void>((resolve) => (open = resolve));
  const syncDirectory = async (path: string): Promise<void> => {
    began();
    await gate;
    await nodeFileSystem.syncDirectory(path);
  };
  return { fileSystem: { ...nodeFileSystem, syncDirectory }, begun, open: () => open() };
}

test('the head of a log that is being recovered is waited for', async () => {
  await killedWriter();
  const { fileSystem, begun, open } = gated();
  const recovering = openLogWriter({ ...kind, directory, fileSystem, takeOver: true });
  await begun;
  const reader = await openLogReader({ directory, fileSystem: nodeFileSystem });
  // What all others see meanwhile.
  expect(await reader.head()).toBeUndefined();
  const settling = settledHead(reader, { what: 'event log', signal: never });
  open();
  expect(await settling).toMatchObject({ position: 3, text: '3' });
  await (await recovering).close();
  await reader.close();
});

test('a log that nobody puts in order is told', async () => {
  await killedWriter();
  const { fileSystem, begun, open } = gated();
  const recovering = openLogWriter({ ...kind, directory, fileSystem, takeOver: true });
  await begun;
  const reader = await openLogReader({ directory, fileSystem: nodeFileSystem });
  const settling = settledHead(reader, { what: 'change log of shop', signal: never, limitMs: 0 });
  await expect(settling).rejects.toMatchObject({
    code: 'REPLAY_LOG_UNSETTLED',
    retryable: true,
    message: expect.stringContaining('The change log of shop cannot be read to its end'),
  });
  open();
  await (await recovering).close();
  await reader.close();
});

test('an empty log, and one that a killed writer left to nobody, are read as they are', async () => {
  await (await openLogWriter({ ...kind, directory, fileSystem: nodeFileSystem })).close();
  const reader = await openLogReader({ directory, fileSystem: nodeFileSystem });
  expect(await settledHead(reader, { what: 'event log', signal: never })).toBeUndefined();
  await killedWriter();
  expect(await settledHead(reader, { what: 'event log', signal: never })).toMatchObject({ position: 3 });
  await reader.close();
});
