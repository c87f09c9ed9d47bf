import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { join } from 'node:path';
import { patience } from '../kit/aws/account.ts';
import { describeWith, emulator } from '../kit/aws/emulators.ts';
import { uniqueName } from '../kit/aws/test-names.ts';
import { askBanyan, type BanyanProcess } from '../kit/banyan-process.ts';
import { eventually } from '../kit/eventually.ts';
import { areSettled, viewFigures, type ViewFigures } from '../kit/view-figures.ts';
import {
  doneReplay,
  openReplayEnvironment,
  refusedReplay,
  startDev,
  type ReplayEnvironment,
} from './testing/replay-environment.ts';
import { order, projectFiles } from './testing/replay-files.ts';
import { inDynamodb } from './testing/views-in-dynamodb.ts';

/*
 * An operator's way through a fix of a projection whose views are in DynamoDB, which has no transactions of documents
 * and cursors: `banyan dev` feeds them by tallies, and a replay builds, compares and moves as it does in Postgres.
 */
const dynamodb = await emulator('dynamodb');
jest.setTimeout(240_000 * patience);

const groups = `
    group('orders', {
      owner: owner('checkout'), publishes: [Placed, Gone], translation: orders, projections: [order, customer],
      reconciliations: [reconciliation(order, {
        source: 'shop', fields: ['total'], query: 'SELECT id::text AS key, amount AS total FROM public.orders',
      })],
      gateway: gateway().read('GET /orders/{id}', order.byKey('id'), { public: true }),
    }),
  `;

/** The store, which a rebuild's threads open for themselves. */
const files = (): Readonly<Record<string, string>> => {
  const { imports, views } = inDynamodb(dynamodb, `'${uniqueName()}'`);
  return projectFiles(groups, {
    imports: `import { reconciliation } from 'banyan/projections';${imports}`,
    views,
  });
};

describeWith([dynamodb], 'views in DynamoDB', () => {
  let environment: ReplayEnvironment;
  let dev: BanyanProcess;
  let gateway: string;

  beforeEach(async () => {
    environment = await openReplayEnvironment(files());
    await environment.client.query(
      `INSERT INTO orders SELECT n, 'c' || n % 10, n, 0 FROM generate_series(1, 200) n`,
    );
    dev = startDev(environment);
    const ready = await dev.ready;
    expect(ready['feeding']).toBe('unordered');
    gateway = (ready['gateways'] as { url: string }[])[0]?.url ?? '';
  });
  afterEach(async () => {
    await dev.end('SIGKILL');
    await environment.close();
  });

  const figures = (): Promise<readonly ViewFigures[]> =>
    viewFigures(join(environment.project, 'banyan.config.ts'), environment.env);

  /** Every generation has all the documents that it should, and waits for nothing. */
  const settled = (...documents: number[]): Promise<void> =>
    eventually(async () => {
      const views = await figures();
      expect(views.map((view) => view.documents)).toEqual(documents);
      expect(areSettled(views)).toBe(true);
      // A hostile bus loses some.
      if (!process.env['BANYAN_CHAOS'])
        expect(views.map(({ suspectedLost }) => suspectedLost)).toEqual(documents.map(() => 0));
    });

  const total = async (id: number): Promise<number | undefined> => {
    const answer = await fetch(`${gateway}/orders/${String(id)}`);
    if (answer.status !== 200) return undefined;
    return ((await answer.json()) as { data: { total: number } }).data.total;
  };

  const verified = async (): Promise<number | NodeJS.Signals> => {
    const config = join(environment.project, 'banyan.config.ts');
    const { env } = environment;
    return (await askBanyan(['verify', '--json', '--no-type-check', '--config', config], { env })).code;
  };

  const done = (...args: string[]): Promise<Record<string, unknown>> => doneReplay(environment, ...args);

  test('are planned, built, compared, promoted, rolled back, retired, and verified', async () => {
    await settled(200, 10);
    expect(await verified()).toBe(0);
    expect(await total(7)).toBe(7);

    await environment.write({ 'order.ts': order('e.total + 1000') });
    expect(await done('plan')).toMatchObject({
      views: [{ projection: 'order', isBuilt: false, reasons: [{ kind: 'code' }] }],
      current: ['customer-total'],
    });
    expect(
      await done('start', 'order', '--workers', '2', '--write-rate', '5000', '--why', 'thousands'),
    ).toMatchObject({ event: 'built', projection: 'order', generation: 2, documents: 200 });
    // Both generations are fed while the new one waits.
    await environment.client.query(
      `INSERT INTO orders VALUES (201, 'c1', 201, 0); DELETE FROM orders WHERE id = 1`,
    );
    await settled(200, 200, 10);
    expect(await refusedReplay(environment, 'diff', 'order')).toEqual([1, 'REPLAY_UNEXPLAINED']);
    await done('diff', 'order', '--expect', 'total');
    await done('promote', 'order', '--why', 'checked');
    await eventually(async () => expect(await total(201)).toBe(1201));
    expect(await total(1)).toBeUndefined();
    // What the view holds now is not what the database holds.
    expect(await verified()).toBe(1);
    await done('rollback', 'order', '--why', 'not so');
    await eventually(async () => expect(await total(201)).toBe(201));
    expect(await verified()).toBe(0);
    await done('retire', 'order:2', '--yes');
    await settled(200, 10);
  });
});
