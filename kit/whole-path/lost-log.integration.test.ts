import { expect, test } from '@jest/globals';
import { startCapture, type Change, type ChangeLogLine } from 'banyan/cdc';
import { canonicalJson, memoryStore, silentLogger, type LogReader, type MemoryStore } from 'banyan/runtime';
import { crashDisk } from '../crash-file-system.ts';
import { seeded } from '../seeded.ts';
import { randomHistory, type Commit } from './history.ts';
import { wholeChanges } from './oracle.ts';
import { scriptedSource } from './scripted-source.ts';

/** Captures commits into the log of a disk; gives the changes in the log, by position. */
async function captured(
  commits: readonly Commit[],
  disk: ReturnType<typeof crashDisk>,
  stores: Map<string, MemoryStore>,
): Promise<Change[][]> {
  let arrive: () => void;
  const arrived = new Promise<void>((resolve) => (arrive = resolve));
  const capture = await startCapture({
    source: scriptedSource('shop', commits, seeded(1)),
    directory: '/shop',
    retryAfterMs: 1,
    fileSystem: disk.process(),
    logger: silentLogger,
    openStore: (_, purpose) => {
      // What closed the last one has written everything.
      const store = (stores.get(purpose) ?? memoryStore()).crash(() => 0);
      stores.set(purpose, store);
      return store;
    },
    onDurable: (position) => {
      if (position >= commits.length) arrive();
    },
  });
  try {
    await Promise.race([arrived, capture.ended]);
    return await changesIn(capture.changeLog, commits.length);
  } finally {
    await capture.close();
  }
}

async function changesIn(log: LogReader<ChangeLogLine>, to: number): Promise<Change[][]> {
  const found: Change[][] = [];
  for await (const batch of log.read({ from: 1, to })) {
    for (const entry of batch) {
      found.push([...entry.lines()].flatMap((line) => (line.kind === 'transaction' ? line.changes : [])));
    }
  }
  return found;
}

const texts = (transactions: readonly (readonly object[])[]) =>
  transactions.map((changes) =>
    changes.map((change) => canonicalJson({ ...change, schema: undefined, truncated: undefined })),
  );

test('a change log that is gone, or is an older one, is captured again though row state is ahead of it', async () => {
  const commits = randomHistory(seeded(5), 15);
  const stores = new Map<string, MemoryStore>();
  const [whole, older] = [crashDisk({ random: seeded(2) }), crashDisk({ random: seeded(3) })];
  const expected = texts(wholeChanges(commits));
  // A disk with an older log, which knows nothing of this row state.
  await captured(commits.slice(0, 5), older, new Map());
  expect(texts(await captured(commits, whole, stores))).toEqual(expected);
  expect(texts(await captured(commits, crashDisk({ random: seeded(4) }), stores))).toEqual(expected);
  expect(texts(await captured(commits, older, stores))).toEqual(expected);
});
