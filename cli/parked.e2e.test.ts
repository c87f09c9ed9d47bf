import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describeWith, emulator } from '../kit/aws/emulators.ts';
import { uniqueName } from '../kit/aws/test-names.ts';
import { askBanyan, runBanyan, type BanyanProcess, type DevMessage } from '../kit/banyan-process.ts';
import { eventually } from '../kit/eventually.ts';
import { errorCodeOf, openReplayEnvironment, type ReplayEnvironment } from './testing/replay-environment.ts';
import { projectFiles, type ViewsCode } from './testing/replay-files.ts';
import { inDynamodb } from './testing/views-in-dynamodb.ts';

/*
 * G9 as an operator meets it: one event that cannot be applied stops its key, visibly, and nothing else. The causes
 * are files: while there is one, the projections throw; so that a cause outside the code can go.
 */
const customerTotals = `
import { existsSync } from 'node:fs';
import { projection } from 'banyan/projections';
import { z } from 'zod';
import { Placed } from './events.ts';
const is = (cause: string): boolean => existsSync(process.env.LOGS + '-' + cause);
export const customer = projection('customer-total', z.object({ spent: z.number(), orders: z.number() }))
  .on(Placed, {
    key: (e) => {
      if (e.customer === 'nobody' && is('nobody')) throw new Error('an order of nobody');
      return e.customer;
    },
    apply: (d, e) => {
      if (e.total === 13 && is('thirteen')) throw new Error('thirteen is refused');
      return { spent: (d?.spent ?? 0) + e.total, orders: (d?.orders ?? 0) + 1 };
    },
  });`;

const dynamodb = await emulator('dynamodb');

const groups = `
    group('orders', {
      owner: owner('checkout'), publishes: [Placed, Gone], translation: orders, projections: [order],
      gateway: gateway().read('GET /orders/{id}', order.byKey('id'), { public: true }),
    }),
    group('marketing', {
      owner: owner('growth'), subscribes: [Placed], projections: [customer],
      gateway: gateway().read('GET /customers/{id}', customer.byKey('id'), { public: true }),
    }),
  `;

let environment: ReplayEnvironment;
let dev: BanyanProcess;
let gateways: Readonly<Record<string, string>>;

async function begin(views?: ViewsCode): Promise<void> {
  const files = { ...projectFiles(groups, views), 'customer.ts': customerTotals };
  environment = await openReplayEnvironment(files);
}

afterEach(async () => {
  await dev.end('SIGKILL');
  await environment.close();
  for (const cause of ['thirteen', 'nobody']) await rm(fileOf(cause), { force: true });
});

function fileOf(cause: string): string {
  return `${environment.env.LOGS}-${cause}`;
}

const place = (): string[] => [
  ...['--no-type-check', '--config', join(environment.project, 'banyan.config.ts')],
];

async function start(...flags: string[]): Promise<void> {
  dev = runBanyan(['dev', '--json', ...flags, ...place()], { env: environment.env });
  const ready = await dev.ready;
  const all = ready['gateways'] as { group: string; url: string }[];
  gateways = Object.fromEntries(all.map(({ group, url }) => [group, url]));
}

/** Runs `banyan`, and gives its exit code and its last answer. */
async function ask(...args: string[]): Promise<{ code: unknown; said: DevMessage; error?: string }> {
  const { code, answer, errors } = await askBanyan([...args, '--json', ...place()], { env: environment.env });
  const said = answer.at(-1);
  if (!said) throw new Error(`banyan ${args.join(' ')} said nothing: ${errors}`);
  const error = errorCodeOf(answer);
  return { code, said, ...(error !== undefined && { error }) };
}

/** What a command tells a person. */
async function told(...args: string[]): Promise<string> {
  const { answer, errors } = await askBanyan([...args, ...place()], { env: environment.env });
  return [...answer.map((line) => String(line['text'])), errors].join('\n');
}

interface Read {
  readonly code: number;
  readonly data: unknown;
  readonly parked: boolean;
}

async function read(group: string, path: string): Promise<Read> {
  const answer = await fetch(`${gateways[group] ?? ''}${path}`);
  const { data } = (await answer.json()) as { data: unknown };
  return { code: answer.status, data, parked: answer.headers.get('banyan-parked') === 'true' };
}

const spent = (customer: string): Promise<Read> => read('marketing', `/customers/${customer}`);

async function insert(...orders: readonly (readonly [id: number, customer: string, amount: number])[]) {
  for (const order of orders)
    await environment.client.query('INSERT INTO orders VALUES ($1, $2, $3, 0)', [...order]);
}

/** Waits until an order is in the view that nothing stops. */
async function isThere(id: number): Promise<void> {
  await eventually(async () => expect((await read('orders', `/orders/${String(id)}`)).code).toBe(200));
}

const thirteen = {
  code: 'HANDLER_THREW',
  message: expect.stringContaining('thirteen is refused') as unknown,
};

describe.each<readonly [string, readonly string[]]>([
  ['an ordered bus', []],
  ['a hostile bus', ['--chaos', '5']],
])('on %s', (_, flags) => {
  beforeEach(() => begin());

  keysAreRetried(flags);

  test('an event that is left out: asked for, with its reason in the history, and by nobody who does not mean it', async () => {
    await writeFile(fileOf('thirteen'), '');
    await start(...flags);
    await insert([1, 'ada', 10], [2, 'ada', 13], [3, 'ada', 5], [4, 'ada', 13], [5, 'bob', 1]);
    await eventually(async () => expect((await spent('ada')).parked).toBe(true));
    await isThere(5);
    const { eventId } = (await ask('parked', 'show', 'customer-total', 'ada')).said as unknown as {
      eventId: string;
    };
    const skip = (key: string, ...more: string[]) => ask('parked', 'skip', 'customer-total', key, ...more);
    const meant = ['--event', eventId, '--why', 'a test order'];
    expect(await skip('ada', ...meant)).toMatchObject({ code: 2, error: 'USAGE' });
    expect(await skip('bob', ...meant, '--yes')).toMatchObject({ code: 1, error: 'KEY_NOT_PARKED' });
    const other = ['--event', eventId.replace(/\d+$/, '7'), '--why', 'no', '--yes'];
    expect(await skip('ada', ...other)).toMatchObject({ code: 1, error: 'EVENT_NOT_STUCK' });
    expect(await skip('ada', ...meant, '--dry-run')).toMatchObject({ code: 0 });
    expect(await spent('ada')).toMatchObject({ data: { spent: 10, orders: 1 } });

    // It goes on to the next one that cannot be applied.
    expect(await skip('ada', ...meant, '--yes')).toMatchObject({ code: 1, error: 'STILL_PARKED' });
    expect(await spent('ada')).toEqual({ code: 200, data: { spent: 15, orders: 2 }, parked: true });
    const next = (await ask('parked', 'show', 'customer-total', 'ada')).said as unknown as {
      eventId: string;
    };
    expect(next.eventId).not.toBe(eventId);
    expect(await skip('ada', '--event', next.eventId, '--why', 'another', '--yes')).toMatchObject({
      code: 0,
      said: { caughtUp: ['ada'] },
    });
    await insert([6, 'ada', 1]);
    await eventually(async () =>
      expect(await spent('ada')).toEqual({ code: 200, data: { spent: 16, orders: 3 }, parked: false }),
    );
    const history = (await ask('replay', 'history', 'customer-total')).said as unknown as object[];
    expect(await told('replay', 'history')).toContain(`skip ${eventId} of key ada`);
    expect(history).toMatchObject([
      {
        action: 'skip',
        group: 'marketing',
        why: 'a test order',
        projections: [{ name: 'customer-total', from: 1, to: 1 }],
        skipped: { key: 'ada', eventId },
      },
      { action: 'skip', skipped: { key: 'ada', eventId: next.eventId } },
    ]);
  }, 240_000);

  test('a key function that throws parks its view, which goes on when it is told to; the others never stop', async () => {
    await writeFile(fileOf('nobody'), '');
    await start(...flags);
    await insert([1, 'ada', 10], [2, 'nobody', 3], [3, 'ada', 5]);
    await isThere(3);
    const view = { projection: 'customer-total', generation: 1, isLive: true, code: 'KEY_INVALID' };
    await eventually(async () =>
      expect((await ask('parked', 'list')).said).toMatchObject({ keys: [], views: [view] }),
    );
    expect(await told('parked', 'list')).toMatch(/^View customer-total.*stands still.*an order of nobody$/m);
    const status = (await ask('status')).said['views'] as object[];
    expect(status).toMatchObject([{ projection: 'order' }, { parkedAt: { code: 'KEY_INVALID' } }]);

    // The cause is still there: it meets the event again.
    expect(await ask('parked', 'retry', 'customer-total')).toMatchObject({ code: 0 });
    await eventually(async () => expect((await ask('parked', 'list')).said).toMatchObject({ views: [view] }));
    await dev.end();
    await start(...flags);
    await insert([4, 'ada', 1]);
    await isThere(4);
    await rm(fileOf('nobody'));
    expect((await spent('nobody')).code).toBe(404);
    expect(await ask('parked', 'retry', 'customer-total')).toMatchObject({
      code: 0,
      said: { released: true },
    });
    await eventually(async () =>
      expect(await spent('nobody')).toMatchObject({ data: { spent: 3, orders: 1 } }),
    );
    await eventually(async () =>
      expect(await spent('ada')).toMatchObject({ data: { spent: 16, orders: 3 } }),
    );
    expect((await ask('parked', 'list')).said).toMatchObject({ views: [], keys: [] });
    expect(await ask('parked', 'retry', 'customer-total')).toMatchObject({
      code: 1,
      error: 'NOTHING_PARKED',
    });
  }, 240_000);
});

describeWith([dynamodb], 'with views in DynamoDB', () => {
  beforeEach(() => begin(inDynamodb(dynamodb, `'${uniqueName()}'`)));

  keysAreRetried([]);
});

function keysAreRetried(flags: readonly string[]): void {
  test('a handler that throws parks its key: read as it was, shown, let go on once the cause is gone', async () => {
    await writeFile(fileOf('thirteen'), '');
    await insert([1, 'ada', 10], [2, 'bob', 13], [3, 'ada', 13], [4, 'ada', 5], [5, 'eve', 7]);
    await start(...flags);
    await insert([6, 'ada', 1], [7, 'eve', 1]);
    await eventually(async () =>
      expect((await ask('parked', 'list')).said).toMatchObject({
        views: [],
        keys: [
          { projection: 'customer-total', generation: 1, isLive: true, key: 'ada', ...thirteen },
          { projection: 'customer-total', generation: 1, key: 'bob', ...thirteen },
        ],
      }),
    );
    await eventually(async () => expect(await spent('eve')).toMatchObject({ data: { spent: 8, orders: 2 } }));
    // The last good document, and of one that never had any: none.
    expect(await spent('ada')).toEqual({ code: 200, data: { spent: 10, orders: 1 }, parked: true });
    expect(await spent('bob')).toEqual({ code: 404, data: null, parked: true });

    const shown = (await ask('parked', 'show', 'customer-total', 'ada')).said;
    expect(shown).toMatchObject({
      ...thirteen,
      document: { spent: 10, orders: 1 },
      base: { document: { spent: 10, orders: 1 } },
      event: { id: shown['eventId'], type: 'OrderPlaced', data: { id: '3', customer: 'ada', total: 13 } },
    });
    const status = (await ask('status')).said['views'] as { projection: string; parkedKeys: number }[];
    expect(status.map(({ projection, parkedKeys }) => [projection, parkedKeys])).toEqual([
      ['order', 0],
      ['customer-total', 2],
    ]);

    expect(await told('parked', 'list')).toMatch(
      /^customer-total +1 \(live\) +ada +shop:orders@1:\d+:\d+ +HANDLER_THREW +.*thirteen is refused$/m,
    );
    expect(await told('parked', 'show', 'customer-total', 'bob')).toMatch(
      /data +\{.*"total":13\}\ndocument +none\n(.*\n)*.*banyan parked retry customer-total bob/,
    );
    expect(await told('status')).toMatch(/^customer-total .* 2 +0$/m);

    // The cause is still there.
    expect(await ask('parked', 'retry', 'customer-total', 'ada')).toMatchObject({
      code: 1,
      error: 'STILL_PARKED',
    });
    await rm(fileOf('thirteen'));
    expect(await ask('parked', 'retry', 'customer-total', '--dry-run')).toMatchObject({
      code: 0,
      said: { keys: ['ada', 'bob'] },
    });
    expect((await spent('ada')).parked).toBe(true);
    expect(await ask('parked', 'retry', 'customer-total')).toMatchObject({
      code: 0,
      said: { caughtUp: ['ada', 'bob'], parked: [], left: [] },
    });
    expect(await spent('ada')).toEqual({ code: 200, data: { spent: 29, orders: 4 }, parked: false });
    expect(await spent('bob')).toEqual({ code: 200, data: { spent: 13, orders: 1 }, parked: false });
    await insert([8, 'ada', 2]);
    await eventually(async () =>
      expect(await spent('ada')).toMatchObject({ data: { spent: 31, orders: 5 } }),
    );
    expect((await ask('parked', 'list')).said).toMatchObject({ views: [], keys: [] });
    expect(await told('parked', 'list')).toMatch(/^Nothing is parked\.$/m);
  }, 240_000);
}

test('what is not there is told by name', async () => {
  await begin();
  await start();
  expect(await ask('parked', 'list', 'nothing')).toMatchObject({ code: 1, error: 'PROJECTION_UNKNOWN' });
  expect(await ask('parked', 'show', 'customer-total', 'ada')).toMatchObject({
    code: 1,
    error: 'KEY_NOT_PARKED',
  });
  expect(await ask('parked', 'retry', 'customer-total', '--generation', '7')).toMatchObject({
    code: 1,
    error: 'GENERATION_UNKNOWN',
  });
}, 120_000);
