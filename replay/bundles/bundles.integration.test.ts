import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { nodeFileSystem } from 'banyan/runtime';
import { pathToFileURL } from 'node:url';
import { buildBundles } from './build-bundles.ts';
import { compileProject } from './compile-project.ts';
import { bundleChanges } from './bundle-changes.ts';
import { openBundleCache } from './bundle-cache.ts';
import { openBundleStore } from './bundle-store.ts';
import type { Bundle } from './bundle.ts';
import type { AnyEvent, Translation } from 'banyan/events';
import type { AnyProjection } from 'banyan/projections';
import type { ProjectModules } from './project-modules.ts';

const files: Record<string, string> = {
  'events.ts': `
    import { event } from 'banyan/events';
    import { z } from 'zod';
    export const Placed = event('Placed', z.object({ id: z.string(), total: z.number() }));
    export const Paid = event('Paid', z.object({ id: z.string() }));`,
  'one.ts': `export { two } from './two.ts';`,
  'two.ts': `import { three } from './three.ts';
    export const two = (n: number): number => three(n) + 1;`,
  'three.ts': `export const three = (n: number): number => n * 3;`,
  'view.ts': `
    import { projection } from 'banyan/projections';
    import { z } from 'zod';
    import { Placed } from './events.ts';
    import { one } from './re-export.ts';
    export const view = projection('view', z.object({ total: z.number() }))
      .on(Placed, { key: (e) => e.id, apply: (_, e) => ({ total: one(e.total) }) });`,
  're-export.ts': `export { two as one } from './one.ts';`,
  'translation.ts': `
    import { col, table, tables } from 'banyan/cdc';
    import { translation } from 'banyan/events';
    import { Placed } from './events.ts';
    const shop = tables('shop', { orders: table('public.orders', { key: ['id'], columns: { id: col.int8() } }) });
    export default translation('orders', shop, {
      version: 2,
      translate: (tx) => tx.inserted('orders').map(({ id }) => Placed({ id, total: 1 })),
    });`,
  // Passes on what others declare, and is the first by name.
  'all.ts': `export { view } from './view.ts'; export * from './events.ts'; export { default as orders } from './translation.ts';`,
};

let roots: string[] = [];
beforeEach(() => {
  roots = [];
});
afterEach(async () => {
  for (const root of roots) await rm(root, { recursive: true, force: true });
});

/** A project outside of this repository, with Banyan and zod linked into its node_modules. */
async function project(changed: Record<string, string> = {}): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'banyan-bundles-'));
  roots.push(root);
  await mkdir(join(root, 'node_modules'));
  await symlink(resolve('.'), join(root, 'node_modules', 'banyan'));
  await symlink(resolve('node_modules/zod'), join(root, 'node_modules', 'zod'));
  await writeFile(join(root, 'package.json'), '{ "name": "shop", "type": "module" }');
  for (const [name, text] of Object.entries({ ...files, ...changed })) {
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), text);
  }
  return root;
}

/** Loads the modules as the command does, and bundles the view and the translation. */
async function bundles(
  root: string,
  options: { config?: string; cache?: string } = {},
): Promise<{ view: Bundle; orders: Bundle; modules: ProjectModules }> {
  await writeFile(join(root, 'config.ts'), options.config ?? `export * as default from './all.ts';`);
  const { text, imports } = await compileProject(join(root, 'config.ts'));
  // A new name each time: a module is loaded once.
  const compiled = join(root, `config.${String(Math.random()).slice(2)}.mjs`);
  await writeFile(compiled, text);
  const loaded = (await import(pathToFileURL(compiled).href)) as {
    default: { view: AnyProjection; orders: Translation; Placed: AnyEvent; Paid: AnyEvent };
    modules: ProjectModules['exports'];
  };
  const modules = { root, exports: loaded.modules, imports };
  const { view, orders, Placed, Paid } = loaded.default;
  const built = await buildBundles({
    modules,
    projections: [view],
    translations: [{ translation: orders, events: [Placed, Paid] }],
    ...(options.cache !== undefined && {
      cache: openBundleCache({ directory: options.cache, fileSystem: nodeFileSystem, version: '1' }),
    }),
  });
  const [one, other] = [built.projections.get('view'), built.translations.get('shop:orders@2')];
  if (!one || !other) throw new Error('not built');
  return { view: one, orders: other, modules };
}

const store = (root: string) =>
  openBundleStore({ directory: join(root, 'bundles'), fileSystem: nodeFileSystem });

describe('a bundle', () => {
  test('is the same wherever the project lies, and however it is laid out and commented', async () => {
    const [here, there] = [await bundles(await project()), await bundles(await project())];
    expect(there.view.hash).toBe(here.view.hash);
    expect(there.view.inputs).toEqual(here.view.inputs);
    expect(there.orders.hash).toBe(here.orders.hash);
    const commented = await bundles(
      await project({
        'three.ts': `/*! A licence. */\n// three times\nexport const three = (\n  n: number, // a number\n): number => n * 3;`,
      }),
    );
    expect(commented.view.hash).toBe(here.view.hash);
  });

  test('changes with a helper three imports away, and says which', async () => {
    const before = await bundles(await project());
    const after = await bundles(
      await project({ 'three.ts': `export const three = (n: number): number => n * 4;` }),
    );
    expect(after.view.hash).not.toBe(before.view.hash);
    expect(bundleChanges(before.view, after.view)).toEqual({
      changed: ['three.ts'],
      added: [],
      removed: [],
    });
    expect(after.orders.hash).toBe(before.orders.hash);
  });

  test('is made from the module that declares what it holds, and holds nothing that runs Banyan', async () => {
    const { view, orders } = await bundles(await project());
    const own = Object.keys(view.inputs).filter((name) => !name.startsWith('node_modules/'));
    expect(own).toEqual(['events.ts', 'one.ts', 're-export.ts', 'three.ts', 'two.ts', 'view.ts']);
    const packages = (bundle: Bundle) => [
      ...new Set(
        Object.keys(bundle.inputs).flatMap((name) => /^node_modules\/([^/]+)/.exec(name)?.[1] ?? []),
      ),
    ];
    expect(packages(view)).toEqual(['banyan', 'zod']);
    expect(packages(orders)).toEqual(['banyan', 'zod']);
    expect(view.text.length).toBeLessThan(600_000);
  });

  test('runs from its directory alone', async () => {
    const root = await project();
    const { view, orders } = await bundles(root);
    await store(root).put(view);
    await store(root).put(orders);
    // Nothing of the project is left beside it.
    const alone = await mkdtemp(join(tmpdir(), 'banyan-alone-'));
    roots.push(alone);
    await cp(join(root, 'bundles'), join(alone, 'bundles'), { recursive: true });
    await rm(root, { recursive: true });
    const bundleStore = store(alone);
    const loaded = await bundleStore.projection(view.hash);
    expect(loaded.name).toBe('view');
    const handler = loaded.handlers.get('Placed')?.handler;
    expect(handler?.apply(undefined, { id: 'a', total: 2 }, {} as never, 'a')).toEqual({ total: 7 });
    expect(await bundleStore.projection(view.hash)).toBe(loaded);
    const { translation, events } = await bundleStore.translation(orders.hash);
    expect([translation.name, translation.version]).toEqual(['orders', 2]);
    expect(events.map(({ type }) => type)).toEqual(['Paid', 'Placed']);
    expect(await bundleStore.info(view.hash)).toEqual({
      hash: view.hash,
      kind: 'projection',
      name: 'view',
      inputs: view.inputs,
    });
  });

  test('of what the configuration itself exports holds all that it connects to, and runs', async () => {
    const config = `
      import { group } from 'banyan/catalog';
      import { postgres } from 'banyan/cdc';
      import { gateway } from 'banyan/gateway';
      import { postgresViews } from 'banyan/projections';
      import { defineConfig } from 'banyan';
      import { Placed, Paid } from './events.ts';
      import orders from './translation.ts';
      import { projection } from 'banyan/projections';
      import { z } from 'zod';
      export const view = projection('view', z.object({ id: z.string() }))
        .on(Placed, { key: (e) => e.id, apply: (_, { id }) => ({ id }) });
      const all = defineConfig({
        sources: { shop: postgres({ connectionString: process.env.X ?? '', tables: ['public.*'] }) },
        groups: [group('orders', {
          owner: { team: 'a', contact: 'b' }, projections: [view], translation: orders,
          gateway: gateway().read('GET /views/{id}', view.byKey('id')),
        })],
        views: postgresViews({ connectionString: '' }),
      });
      export default { view, orders, Placed, Paid, all };`;
    const root = await project();
    const { view } = await bundles(root, { config });
    await store(root).put(view);
    expect((await store(root).projection(view.hash)).name).toBe('view');
  });

  test('of what no module exports is refused, and each is named', async () => {
    const root = await project();
    const { modules } = await bundles(root);
    const { 'view.ts': _, 'all.ts': __, ...exports } = modules.exports;
    const view = modules.exports['view.ts']?.['view'] as AnyProjection;
    const building = buildBundles({
      modules: { ...modules, exports: { ...exports, 'translation.ts': {} } },
      projections: [view],
      translations: [
        { translation: modules.exports['translation.ts']?.['default'] as Translation, events: [] },
      ],
    });
    await expect(building).rejects.toMatchObject({
      code: 'BUNDLE_NOT_EXPORTED',
      message: expect.stringMatching(/projection "view", translation "orders".*export const/s),
    });
  });

  test('is taken from the cache as long as no file has changed', async () => {
    const root = await project();
    const cache = join(root, 'cache');
    const first = await bundles(root, { cache });
    const kept = await readFile(join(cache, 'projection.view.json'), 'utf8');
    await writeFile(join(cache, 'projection.view.json'), kept.replace('"sourceMap":"', '"sourceMap":"!'));
    expect((await bundles(root, { cache })).view.sourceMap.startsWith('!')).toBe(true);
    await writeFile(join(root, 'three.ts'), `export const three = (n: number): number => n;`);
    const changed = await bundles(root, { cache });
    expect(changed.view.hash).not.toBe(first.view.hash);
    expect(changed.orders).toEqual(first.orders);
  });
});

describe('a stored bundle', () => {
  test('that is damaged is refused, and mended by putting it again', async () => {
    const root = await project();
    const { view, orders } = await bundles(root);
    await store(root).put(view);
    await writeFile(store(root).path(view.hash), view.text.replace('3', '4'));
    const damaged = store(root);
    await expect(damaged.projection(view.hash)).rejects.toMatchObject({ code: 'BUNDLE_BROKEN' });
    await damaged.put(view);
    expect((await damaged.projection(view.hash)).name).toBe('view');
    // A translation is no projection.
    await damaged.put(orders);
    await expect(damaged.projection(orders.hash)).rejects.toMatchObject({ code: 'BUNDLE_BROKEN' });
    await expect(damaged.projection('0'.repeat(64))).rejects.toMatchObject({ code: 'BUNDLE_UNKNOWN' });
    await expect(damaged.info('0'.repeat(64))).rejects.toMatchObject({ code: 'BUNDLE_UNKNOWN' });
  });
});
