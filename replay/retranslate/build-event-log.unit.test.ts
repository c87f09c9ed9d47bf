import { expect, test } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tables } from 'banyan/cdc';
import { translation } from 'banyan/events';
import { createMemoryViewStore } from 'banyan/projections';
import { nodeFileSystem, silentLogger } from 'banyan/runtime';
import { openBundleStore } from '../bundles/bundle-store.ts';
import { bundlesDirectory } from '../places.ts';
import { registeredTranslations, registerTranslation } from '../translations.ts';
import { buildEventLog } from './build-event-log.ts';

test('an event log that was begun with other code is not gone on with', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'banyan-retranslate-'));
  try {
    const ref = { source: 'shop', translation: 'orders', version: 2 };
    await registerTranslation(directory, { ref, bundle: 'begun', state: 'building' });
    const building = buildEventLog({
      project: {
        directory,
        store: createMemoryViewStore(),
        bundles: openBundleStore({ directory: bundlesDirectory(directory), fileSystem: nodeFileSystem }),
        groups: [],
      },
      translation: {
        ref,
        translation: translation('orders', tables('shop', {}), { version: 2, translate: () => [] }),
        events: [],
        bundle: {
          hash: 'now',
          kind: 'translation',
          name: 'shop:orders@2',
          inputs: {},
          text: '',
          sourceMap: '',
        },
      },
      logger: silentLogger,
      signal: new AbortController().signal,
    });
    await expect(building).rejects.toMatchObject({
      code: 'REPLAY_OTHER_CODE',
      message: expect.stringContaining('version 3'),
    });
    expect(await registeredTranslations(directory)).toMatchObject([{ bundle: 'begun', state: 'building' }]);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});
