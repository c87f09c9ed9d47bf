import { nodeFileSystem, createLogger } from 'banyan/runtime';
import { bundlesDirectory, openBundleStore, rebuild, type RebuildOptions } from 'banyan/replay';
import { fileURLToPath } from 'node:url';
import { openViews } from '../../replay/rebuild/testing/store-module.ts';

/*
 * A rebuild as an operator's process does it: from bundles, by worker threads, into Postgres (BANYAN_TEST_VIEWS). Says
 * the generation's number at the end.
 *
 *     replay-process.ts DIRECTORY OPTIONS
 */
const [directory = '', given = '{}'] = process.argv.slice(2);
const options = JSON.parse(given) as Pick<RebuildOptions, 'projection' | 'bundle' | 'logs'>;
const store = openViews();
const storeModule = new URL('../../replay/rebuild/testing/store-module.ts', import.meta.url);
try {
  const { generation } = await rebuild({
    ...{ directory, store, group: 'shop' },
    bundles: openBundleStore({ directory: bundlesDirectory(directory), fileSystem: nodeFileSystem }),
    ...{ workers: 2, partitions: 3, checkpointEveryMs: 0, batchBytes: 500 },
    openStore: { module: fileURLToPath(storeModule), export: 'openViews' },
    logger: createLogger(),
    ...options,
  });
  process.stdout.write(`${String(generation.number)}\n`);
} finally {
  await store.close();
}
