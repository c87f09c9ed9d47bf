import { afterEach, describe, expect, test } from '@jest/globals';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { postgresViews, type ViewStore } from 'banyan/projections';
import { readHistory } from 'banyan/replay';
import { describeWith, emulator } from '../kit/aws/emulators.ts';
import { uniqueName } from '../kit/aws/test-names.ts';
import type { BanyanProcess } from '../kit/banyan-process.ts';
import { eventually } from '../kit/eventually.ts';
import { seeded } from '../kit/seeded.ts';
import { testDatabase } from '../kit/test-database.ts';
import { dynamodbViews } from '../projections/dynamodb/dynamodb-views.ts';
import { testClient } from '../projections/dynamodb/testing/test-client.ts';
import { killWhile, type Doing, type KilledRun } from './testing/killed-command.ts';
import {
  differences,
  expectedDocuments,
  insertOrders,
  storedDocuments,
  storedEvents,
} from './testing/order-history.ts';
import { madeSoFar, lessThan, type Made } from './testing/made-so-far.ts';
import {
  askReplay,
  doneReplay,
  errorCodeOf,
  openReplayEnvironment,
  startDev,
  startReplayCommand,
  type ReplayEnvironment,
} from './testing/replay-environment.ts';
import { order, projectFiles, translation, type ViewsCode } from './testing/replay-files.ts';
import { inDynamodb } from './testing/views-in-dynamodb.ts';

/*
 * `banyan replay start` after the fix of a translation, killed again and again at any instant and given again, beside
 * a `banyan dev` that is killed too: nothing is begun twice, and in the end all is as if nobody had been killed. One
 * of two views is named; the other follows, since the same translation feeds it.
 */
const long = process.env['BANYAN_LONG'] !== undefined;
const limitMs = 60_000;
const log = { source: 'shop', translation: 'orders', version: 2 };
const projections = ['order', 'customer-total'];
const dynamodb = await emulator('dynamodb');

/** Where the views are, and how much is done with them. */
interface Place {
  readonly code: () => ViewsCode | undefined;
  /** A new place, as VIEWS_URL tells it. */
  readonly newUrl: () => Promise<string>;
  readonly open: (url: string) => ViewStore;
  readonly orders: number;
  /** So that the fold takes its time, writes all along, and is not over before a kill. */
  readonly rate: number;
  /** What each run is killed at, and milliseconds at most until then; four times each where there is time. */
  readonly aims: readonly (readonly [Doing, number])[];
}

const inPostgres: Place = {
  code: () => undefined,
  newUrl: () => testDatabase('replay_killed'),
  open: (connectionString) => postgresViews({ connectionString }),
  orders: long ? 8000 : 2500,
  rate: 1000,
  aims: [
    ['neither', 1500],
    ['event log', long ? 1000 : 300],
    ['event log', long ? 1000 : 300],
    ['event log', long ? 1000 : 300],
    ['neither', 1500],
    ['view order', long ? 7000 : 800],
    ['view order', long ? 7000 : 800],
    ['view customer-total', 800],
    ['view customer-total', 1500],
    ['neither', 1500],
  ],
};

const inTables: Place = {
  code: () => inDynamodb(dynamodb, 'process.env.VIEWS_URL'),
  newUrl: async () => uniqueName(),
  open: (prefix) => dynamodbViews({ client: testClient(dynamodb), prefix }),
  orders: 400,
  rate: 150,
  aims: [
    ['event log', 50],
    ['view order', 800],
    ['view order', 1500],
    ['view customer-total', 1500],
  ],
};

const groups = `
  group('orders', {
    owner: owner('checkout'), publishes: [Placed, Gone], translation: orders, projections: [order, customer],
    gateway: gateway().read('GET /orders/{id}', order.byKey('id'), { public: true }),
  }),
`;
const fixed = {
  // Work for each order, so that translating takes its time; nothing comes of it.
  'toil.ts': `
export function toil(): number {
  let sum = 1;
  for (let round = 0; round < 400_000; round += 1) sum = (Math.imul(sum, 31) + round) | 0;
  return sum === 0.5 ? 1 : 0;
}`,
  'translation.ts': translation(2, 'o.amount - o.discount + toil()', `import { toil } from './toil.ts';`),
  'order.ts': order('e.total * 10'),
};

let environment: ReplayEnvironment;
let dev: BanyanProcess;
let store: ViewStore;
let last: number;

async function begin({ code, newUrl, open, orders }: Place): Promise<void> {
  const made = await openReplayEnvironment(projectFiles(groups, code()));
  environment = { ...made, env: { ...made.env, VIEWS_URL: await newUrl() } };
  store = open(environment.env.VIEWS_URL);
  last = 0;
  // For the snapshot: none of these is deleted before it.
  await addOrders(40);
  dev = startDev(environment);
  await dev.ready;
  await addOrders(orders - 40);
  await untilViewsAre(store, 1, 'first');
}

async function end(): Promise<void> {
  await dev.end('SIGKILL');
  await store.close();
  await environment.close();
}

async function addOrders(more: number): Promise<void> {
  await insertOrders(environment.client, last + 1, last + more);
  last += more;
}

async function untilViewsAre(of: ViewStore, generation: number, code: 'first' | 'fixed'): Promise<void> {
  const wanted = expectedDocuments(last, code);
  await eventually(
    async () => expect(differences(await storedDocuments(of, projections, generation), wanted)).toEqual([]),
    limitMs,
  );
}

/** Kills `banyan dev`, starting or running, and starts it again. */
async function killDev(milliseconds: number): Promise<void> {
  await wait(milliseconds);
  await dev.end('SIGKILL');
  dev = startDev(environment);
}

/** One run of the command; ending before it is killed is well, when there is nothing left to do. */
async function runAndKill(command: readonly string[], aim: Doing, milliseconds: number): Promise<KilledRun> {
  const run = startReplayCommand(environment, ...command);
  const what = { directory: environment.env.LOGS, log, projections };
  const killed = await killWhile(run, what, { aim, milliseconds });
  if (killed.did === 'ended') expectEnd({ code: await run.ended, answer: run.messages });
  return killed;
}

function expectEnd({ code, answer }: Pick<Awaited<ReturnType<typeof askReplay>>, 'code' | 'answer'>): void {
  const isEnd = code === 0 || errorCodeOf(answer) === 'REPLAY_NOTHING';
  expect(isEnd ? [] : [code, ...answer]).toEqual([]);
}

async function killAgainAndAgain(
  command: readonly string[],
  aims: Place['aims'],
  random: () => number,
  runs: KilledRun[],
): Promise<void> {
  let made: Made = await madeSoFar(environment.env.LOGS, log, projections);
  for (const [aim, most] of aims.flatMap((one) => Array.from({ length: long ? 4 : 1 }, () => one))) {
    await addOrders(5);
    const killingDev = random() < 0.3 ? killDev(random() * 1500) : undefined;
    runs.push(await runAndKill(command, aim, random() * most));
    await killingDev;
    const now = await madeSoFar(environment.env.LOGS, log, projections);
    expect(lessThan(now, made)).toEqual([]);
    made = { ...made, ...now };
  }
  const did = new Set(runs.map((run) => run.did));
  expect([...did]).toEqual(expect.arrayContaining(['event log', 'view order', 'view customer-total']));
}

/** What the fixed code makes of the same change log, live and undisturbed. */
async function comparedWithUndisturbed({ newUrl, open }: Place): Promise<void> {
  const twin = {
    project: environment.project,
    env: {
      ...environment.env,
      LOGS: join(environment.project, 'twin'),
      VIEWS_URL: await newUrl(),
    },
  };
  expect(await dev.end()).toBe(0);
  await cp(join(environment.env.LOGS, 'sources'), join(twin.env.LOGS, 'sources'), { recursive: true });
  dev = startDev(twin);
  await dev.ready;
  const views = open(twin.env.VIEWS_URL);
  await untilViewsAre(views, 1, 'fixed').finally(() => views.close());
  const found = await storedEvents(environment.env.LOGS, log);
  const wanted = await storedEvents(twin.env.LOGS, log);
  expect(found.length).toBe(wanted.length);
  expect(found.filter((event, at) => event !== wanted[at]).slice(0, 3)).toEqual([]);
}

/** Runs the command, killed each time, and once more to its end. */
async function goesOnWhereItWasKilled({ aims, rate }: Place): Promise<void> {
  const command = ['start', 'order', '--write-rate', String(rate), '--workers', '2', '--memory', '1M'];
  const seed = Number(process.env['BANYAN_SEED'] ?? Date.now() % 100_000);
  const runs: KilledRun[] = [];
  await environment.write(fixed);
  try {
    await killAgainAndAgain(command, aims, seeded(seed), runs);
    expectEnd(await askReplay(environment, ...command));
  } catch (error) {
    throw new Error(`BANYAN_SEED=${String(seed)}, killed: ${JSON.stringify(runs)}`, { cause: error });
  }
  await dev.ready;
  await untilViewsAre(store, 2, 'fixed');
  const { answer } = await askReplay(environment, 'status');
  const statuses = projections.flatMap((projection) => [
    { projection, number: 1, state: { kind: 'live' }, isCode: false },
    { projection, number: 2, state: { kind: 'ready' }, isCode: true },
  ]);
  expect(answer).toMatchObject([statuses]);
  const ends = (await readHistory(environment.env.LOGS)).filter(({ action }) => action !== 'start');
  expect(ends.map(({ action, projections: [view] }) => [action, view?.name, view?.to])).toEqual(
    projections.map((projection) => ['finish', projection, 2]),
  );
  await doneReplay(environment, 'diff', 'order', '--expect', 'total');
  await doneReplay(environment, 'diff', 'customer-total', '--expect', 'spent');
  expect(await doneReplay(environment, 'promote', ...projections)).toMatchObject({
    moves: projections.map((name) => ({ name, from: 1, to: 2 })),
  });
}

describe('banyan replay start, killed at any instant, goes on and ends as if it had not been', () => {
  afterEach(end, limitMs);

  test('with views in Postgres', async () => {
    await begin(inPostgres);
    await goesOnWhereItWasKilled(inPostgres);
    await comparedWithUndisturbed(inPostgres);
  }, 900_000);

  describeWith([dynamodb], 'with views in DynamoDB', () => {
    test('of fewer orders', async () => {
      await begin(inTables);
      await goesOnWhereItWasKilled(inTables);
    }, 600_000);
  });
});
