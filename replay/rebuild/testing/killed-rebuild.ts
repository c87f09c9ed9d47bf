import { isBanyanError, createLogger } from 'banyan/runtime';
import { fileURLToPath } from 'node:url';
import { rebuild, type RebuildOptions } from '../rebuild.ts';
import counters from './counters-bundle.ts';
import { openViews } from './store-module.ts';
import { customers, orders } from './world.ts';

/*
 * A rebuild in a process of its own, to be killed; BANYAN_TEST_VIEWS says where the views are. Says `began` once the code is
 * loaded, and at the end one line with the figures, or with the error's code. Options as JSON besides.
 *
 *     killed-rebuild.ts DIRECTORY OPTIONS
 */
const [directory = '', given = '{}'] = process.argv.slice(2);
const store = openViews();
process.stdout.write('began\n');
try {
  const { generation, figures } = await rebuild({
    ...{
      directory,
      store,
      group: 'test',
      projection: counters.name,
      bundle: 'b2',
      logs: [orders, customers],
    },
    bundles: {
      path: () => fileURLToPath(new URL('./counters-bundle.ts', import.meta.url)),
      projection: async () => counters,
    },
    openStore: { module: fileURLToPath(new URL('./store-module.ts', import.meta.url)), export: 'openViews' },
    ...(JSON.parse(given) as Partial<RebuildOptions>),
    logger: createLogger(),
  });
  process.stdout.write(`${JSON.stringify({ generation: generation.number, ...figures })}\n`);
} catch (error) {
  process.stdout.write(
    `${JSON.stringify({ code: isBanyanError(error) ? error.code : 'UNKNOWN', message: String(error) })}\n`,
  );
  process.exitCode = 1;
} finally {
  await store.close();
}
