import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tables } from 'banyan/cdc';
import { translation, type EventLogRef } from 'banyan/events';
import { projection } from 'banyan/projections';
import { silentLogger } from 'banyan/runtime';
import { z } from 'zod';
import type { Bundle, BundleKind, BundleStore } from '../bundles/bundle.ts';
import { appendHistory, readHistory } from '../history/history.ts';
import type { HistoryAction } from '../history/entry.ts';
import { replayDirectory } from '../places.ts';
import type { ReplayProject } from '../project.ts';
import { createEnvironment, type Environment } from '../testing/environment.ts';
import { changeTranslation, registerTranslation } from '../translations.ts';
import { planStart } from './plan-start.ts';
import { startReplay } from './start-replay.ts';

/*
 * What a start finds to do, after one that was killed somewhere. Two views are fed by the group's own translation.
 */
const names = ['order', 'customer'];
const version = (number: number): EventLogRef => ({
  source: 'shop',
  translation: 'orders',
  version: number,
});

let environment: Environment;
beforeEach(async () => {
  environment = await createEnvironment(names, { logs: [version(1)] });
  await registerTranslation(environment.directory, {
    ref: version(1),
    bundle: 'translation-1',
    state: 'running',
  });
});
afterEach(() => environment.close());

function bundle(kind: BundleKind, hash: string): Bundle {
  return { hash, kind, name: hash, inputs: {}, text: '', sourceMap: '' };
}

const bundles: BundleStore = {
  put: async () => undefined,
  path: (hash) => hash,
  info: async (hash) => bundle('projection', hash),
  projection: () => Promise.reject(new Error('nothing is to be built')),
  translation: () => Promise.reject(new Error('nothing is to be built')),
};

/** The project with this version of its translation, and with its projections fixed too. */
function fixed(to: number): ReplayProject {
  const ref = version(to);
  return {
    directory: environment.directory,
    store: environment.store,
    bundles,
    groups: [
      {
        name: environment.group,
        owner: { team: 'checkout', contact: '#checkout' },
        translation: {
          ref,
          translation: translation('orders', tables('shop', {}), { version: to, translate: () => [] }),
          events: [],
          bundle: bundle('translation', `translation-${to}`),
        },
        projections: names.map((name) => ({
          projection: projection(name, z.object({})),
          bundle: bundle('projection', `${name}-fixed`),
          logs: [ref],
        })),
      },
    ],
  };
}

/** The second version, as far as a start had built it. */
async function translated(state: 'building' | 'running'): Promise<void> {
  await registerTranslation(environment.directory, {
    ref: version(2),
    bundle: 'translation-2',
    state: 'building',
  });
  if (state === 'running') await changeTranslation(environment.directory, version(2), 'building', 'running');
}

/** A generation that a start made ready, and what it told of it. */
async function built(name: string, ...told: HistoryAction[]): Promise<void> {
  const { number } = await environment.build(name, { bundle: `${name}-fixed`, logs: [version(2)] });
  for (const action of told) {
    const to = action === 'finish' ? { to: number } : {};
    const projections = [{ name, bundle: `${name}-fixed`, ...to }];
    await appendHistory(environment.directory, { action, group: environment.group, projections });
  }
}

/** What a start finds, by names. */
async function found(project: ReplayProject, ...wanted: string[]): Promise<object> {
  const { translations, views, added, done } = await planStart(project, wanted);
  return {
    translations: translations.map(({ log }) => log),
    views: views.map(({ code, untold }) => [code.projection.name, untold?.number]),
    added,
    done,
  };
}

describe('after a start that was killed', () => {
  test.each(['before its first step', 'building'] as const)(
    'while it translated (%s), all is to be done',
    async (state) => {
      if (state === 'building') await translated(state);
      expect(await found(fixed(2), 'order')).toEqual({
        translations: ['shop:orders@2'],
        views: names.map((name) => [name, undefined]),
        added: ['customer'],
        done: [],
      });
    },
  );

  test('when it had translated, the views are left, those too that were not named', async () => {
    await translated('running');
    expect(await found(fixed(2), 'order')).toEqual({
      translations: [],
      views: names.map((name) => [name, undefined]),
      added: ['customer'],
      done: [],
    });
  });

  test('when it had built the named view, the other one is left', async () => {
    await translated('running');
    await built('order', 'start', 'finish');
    const left = { translations: [], views: [['customer', undefined]], done: ['order'] };
    expect(await found(fixed(2), 'order')).toEqual({ ...left, added: ['customer'] });
    expect(await found(fixed(2), 'order', 'customer')).toEqual({ ...left, added: [] });
  });

  test('when all was built, there is nothing left', async () => {
    await translated('running');
    for (const name of names) await built(name, 'start', 'finish');
    await expect(planStart(fixed(2), ['order'])).rejects.toMatchObject({
      code: 'REPLAY_NOTHING',
      details: { projections: ['order'] },
    });
  });

  test('before it could tell that a view is built, that is told', async () => {
    await translated('running');
    await built('customer', 'start', 'finish');
    await built('order', 'start', 'fail', 'start');
    const project = fixed(2);
    expect(await found(project, 'order')).toEqual({
      translations: [],
      views: [['order', 2]],
      added: [],
      done: [],
    });
    const place = replayDirectory(environment.directory, { projection: 'order', number: 2 });
    await mkdir(place, { recursive: true });
    const before = { events: 5, documents: 4, seconds: 3.14 };
    await writeFile(join(place, 'rebuild.json'), JSON.stringify({ step: { kind: 'done' }, before }));
    const folded: unknown[] = [];
    await startReplay(await planStart(project, ['order']), {
      ...{ project, logger: silentLogger, signal: new AbortController().signal, building: {}, why: 'a fix' },
      onFolded: async (name, { generation, figures }) => {
        folded.push([name, generation.number, figures.events, figures.resumed]);
      },
    });
    expect(folded).toEqual([['order', 2, 5, true]]);
    expect((await readHistory(environment.directory)).at(-1)).toMatchObject({
      ...{ action: 'finish', completed: true, why: 'a fix' },
      projections: [{ name: 'order', to: 2, bundle: 'order-fixed' }],
      figures: { events: 5, documents: 4, seconds: 3.1 },
    });
    await expect(planStart(project, ['order'])).rejects.toMatchObject({ code: 'REPLAY_NOTHING' });
  });

  test('before it made a generation, one that was told long ago is not told again', async () => {
    await translated('running');
    await built('customer', 'start', 'finish');
    await built('order', 'start', 'finish', 'start');
    await expect(planStart(fixed(2), ['order'])).rejects.toMatchObject({ code: 'REPLAY_NOTHING' });
  });
});

test('a view that was not named stays as it is when only the code of projections changed', async () => {
  expect(await found(fixed(1), 'order')).toEqual({
    translations: [],
    views: [['order', undefined]],
    added: [],
    done: [],
  });
});

test('a view that subscribes to the translation for the first time is none that a start left behind', async () => {
  await environment.build('customer', { logs: [], state: { kind: 'live' } });
  await environment.store.movePointer(environment.group, 1, { order: 1, customer: 2 });
  expect(await found(fixed(1), 'order')).toMatchObject({ views: [['order', undefined]], added: [] });
});
