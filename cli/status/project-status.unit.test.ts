import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import type { EventLogRef } from 'banyan/events';
import { eventBridge, filePublishCursor } from 'banyan/events/eventbridge';
import { eventLogDirectory, registerTranslation } from 'banyan/replay';
import { closeAll, nodeFileSystem, openLogWriter, type Closeable } from 'banyan/runtime';
import { createEnvironment, type Environment } from '../../replay/testing/environment.ts';
import type { LoadedConfig } from '../config/load-config.ts';
import { startControl } from '../dev/control.ts';
import { createStageTimes } from '../dev/stage-times.ts';
import { publishedDirectory } from '../run/published-directory.ts';
import { projectStatus } from './project-status.ts';

const ref: EventLogRef = { source: 'shop', translation: 'orders', version: 1 };

let environment: Environment;
const started: Closeable[] = [];
beforeEach(async () => {
  environment = await createEnvironment([]);
  started.push(environment);
  const { directory } = environment;
  await registerTranslation(directory, { ref, bundle: 'translation-1', state: 'running' });
  const writer = await openLogWriter<{ readonly logTime: string }>({
    directory: eventLogDirectory(directory, ref),
    fileSystem: nodeFileSystem,
    ...{ kind: 'event-log', name: 'shop:orders@1', owner: 'a test' },
  });
  for (const position of [1, 2, 5]) writer.append(position, { logTime: '2026-01-01T00:00:00.000000Z' });
  await writer.sync();
  await writer.close();
});
afterEach(() => closeAll(started.splice(0)));

/** A project without groups, which has only what was registered. */
function loaded(): LoadedConfig {
  const { directory, store } = environment;
  const events = new EventBridgeClient({ region: 'us-east-1' });
  const delivery = eventBridge({ events, busName: 'shop' });
  const modules = { root: directory, exports: {}, imports: {} };
  const config = { sources: {}, groups: [], views: store, delivery };
  return { config, directory, modules, cache: directory, version: '1' } as unknown as LoadedConfig;
}

test.each([
  [{ position: 2 }, { published: 2, unpublished: 3 }],
  [
    { position: 5, index: 0 },
    { published: 4, unpublished: 1 },
  ],
  [{ position: 5 }, { published: 5, unpublished: 0 }],
])('of a log that is published up to %j it is told how far, and what is not', async (cursor, told) => {
  const directory = publishedDirectory(environment.directory, ref);
  await filePublishCursor({ directory, fileSystem: nodeFileSystem }).write(cursor);
  const { translations, publishes } = await projectStatus(loaded());
  expect(translations).toMatchObject([{ name: 'shop:orders@1', position: 5, ...told }]);
  expect(publishes).toBe(true);
});

test('of a log that is not published nothing of the kind is told', async () => {
  const { translations } = await projectStatus(loaded());
  expect(translations).toHaveLength(1);
  expect(translations[0]).not.toHaveProperty('published');
});

test('it is told what runs', async () => {
  expect((await projectStatus(loaded())).runs).toBe('none');
  for (const feeds of [true, false]) {
    const times = createStageTimes(() => 0);
    const refresh = async (): Promise<void> => undefined;
    const control = await startControl(environment.directory, { times, feeds, refresh });
    started.unshift(control);
    expect((await projectStatus(loaded())).runs).toBe(feeds ? 'dev' : 'run');
    await control.close();
  }
});
