import { afterEach, expect, test } from '@jest/globals';
import { CreateEventBusCommand, DeleteEventBusCommand } from '@aws-sdk/client-eventbridge';
import { filePublishCursor } from 'banyan/events/eventbridge';
import { translationDirectory } from 'banyan/replay';
import { closeAll, nodeFileSystem, type Closeable } from 'banyan/runtime';
import { join } from 'node:path';
import { collectBus, type CollectedBus } from '../../events/eventbridge/testing/collected-bus.ts';
import { clientsOf } from '../../events/eventbridge/testing/test-bus.ts';
import { clientConfig } from '../../kit/aws/client-config.ts';
import { describeWith, emulator } from '../../kit/aws/emulators.ts';
import { uniqueName } from '../../kit/aws/test-names.ts';
import { runBanyan, type BanyanProcess } from '../../kit/banyan-process.ts';
import { eventually } from '../../kit/eventually.ts';
import { seeded } from '../../kit/seeded.ts';
import { insertOrders, storedEvents } from '../testing/order-history.ts';
import { doneReplay, openReplayEnvironment, type ReplayEnvironment } from '../testing/replay-environment.ts';
import { projectFiles } from '../testing/replay-files.ts';

const ministack = await emulator('ministack');
const seed = Number(process.env['BANYAN_SEED'] ?? Date.now() % 1_000_000);
const kills = process.env['BANYAN_LONG'] ? 20 : 5;
const ref = { source: 'shop', translation: 'orders', version: 1 };

const groups = `
    group('orders', { owner: owner('checkout'), publishes: [Placed, Gone], translation: orders, projections: [order, customer] }),
  `;

const started: Closeable[] = [];
afterEach(() => closeAll(started.splice(0)));

function begun<Started extends Closeable>(one: Started): Started {
  started.push(one);
  return one;
}

describeWith([ministack], 'banyan run, publishing onto EventBridge', () => {
  /** A project that publishes onto a bus of its own, and everything that comes over it. */
  async function opened(): Promise<{ environment: ReplayEnvironment; bus: CollectedBus }> {
    const clients = clientsOf(ministack);
    const busName = uniqueName();
    const { events, queues } = clients;
    begun({
      close: async () => {
        events.destroy();
        queues.destroy();
      },
    });
    await events.send(new CreateEventBusCommand({ Name: busName }));
    begun({
      close: async () => {
        await events.send(new DeleteEventBusCommand({ Name: busName }));
      },
    });
    const bus = begun(await collectBus(clients, busName));
    const client = `new EventBridgeClient(${JSON.stringify(clientConfig(ministack))})`;
    const files = projectFiles(groups, {
      imports: `
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { eventBridge } from 'banyan/events/eventbridge';
import { postgresViews } from 'banyan/projections';`,
      views: `postgresViews({ connectionString: process.env.VIEWS_URL }),
  delivery: eventBridge({ events: ${client}, busName: '${busName}' })`,
    });
    return { environment: begun(await openReplayEnvironment(files)), bus };
  }

  function run({ project, env }: ReplayEnvironment): BanyanProcess {
    const config = join(project, 'banyan.config.ts');
    const running = runBanyan(['run', '--json', '--no-type-check', '--config', config], { env });
    begun({ close: () => running.end('SIGKILL').then(() => undefined) });
    return running;
  }

  test(`killed again and again while orders come, each event arrives at least once (seed ${String(seed)})`, async () => {
    const random = seeded(seed);
    const { environment, bus } = await opened();
    // What is logged from now on has readers, so it is published.
    const first = run(environment);
    await first.ready;
    await doneReplay(environment, 'start', 'order', 'customer-total', '--subscription-timeout', '0');
    expect(await first.end('SIGKILL')).toBe('SIGKILL');
    await insertOrders(environment.client, 1, 100);
    const ordering = ordersOf(environment, bus, 100);
    for (let kill = 0; kill < kills; kill += 1) {
      const running = run(environment);
      // One is killed while it starts, as soon as anything was published.
      if (kill !== 1) await running.ready;
      const wanted = (await recorded(environment)) + (kill === 1 ? 1 : Math.ceil(random() * burst));
      await eventually(
        async () => expect(await recorded(environment)).toBeGreaterThanOrEqual(wanted),
        120_000,
      );
      expect(await running.end('SIGKILL')).toBe('SIGKILL');
    }
    const orders = await ordering.stop();
    const last = run(environment);
    await last.ready;
    // Every fiftieth is deleted again, maybe before its snapshot.
    const kept = Array.from({ length: orders }, (_, at) => at + 1).filter((id) => id % 50 > 0);
    await eventually(async () => {
      const placed = new Set((await logged(environment)).map(({ order }) => order));
      expect(kept.filter((id) => !placed.has(String(id)))).toEqual([]);
    }, 120_000);
    const ids = (await logged(environment)).map(({ id }) => id);
    await eventually(() => {
      const come = bus.events();
      expect(ids.filter((id) => !come.has(id))).toEqual([]);
    }, 120_000);
    expect([...bus.events()].filter((id) => !ids.includes(id))).toEqual([]);
    await eventually(() => expect(talliedTo(bus)).toBeGreaterThanOrEqual(positionOf(ids.at(-1))));
    expect(await last.end()).toBe(0);
    expect(last.errors()).toBe('');
  }, 600_000);
});

/** Orders that come at once, so that most kills find events that are being put. */
const burst = 300;

/** Orders that come from the one behind `last` on, also while nothing runs; `stop` tells how many there are. */
function ordersOf(
  { client }: ReplayEnvironment,
  bus: CollectedBus,
  last: number,
): { stop(): Promise<number> } {
  const over = new AbortController();
  const { signal } = over;
  let placed = last;
  const placing = (async () => {
    while (!signal.aborted) {
      await insertOrders(client, placed + 1, placed + burst);
      placed += burst;
      const isDue = (): boolean => signal.aborted || placed - bus.events().size < burst;
      await eventually(() => expect(isDue()).toBe(true), 120_000);
    }
  })();
  const stop = async (): Promise<number> => {
    over.abort();
    await placing;
    return placed;
  };
  begun({ close: () => stop().then(() => undefined) });
  return { stop };
}

/** The logged events, in order: their ids, and the orders that they tell of. */
async function logged({ env }: ReplayEnvironment): Promise<{ id: string; order: string }[]> {
  return (await storedEvents(env.LOGS, ref)).map((text) => {
    const fields = JSON.parse(text) as unknown[];
    return { id: fields[0] as string, order: (fields.at(-1) as { id: string }).id };
  });
}

/** Up to which position was published: the process is killed by it, since that is while it publishes. */
async function recorded({ env }: ReplayEnvironment): Promise<number> {
  const directory = join(translationDirectory(env.LOGS, ref), 'published');
  const cursor = await filePublishCursor({ directory, fileSystem: nodeFileSystem }).read();
  return cursor?.position ?? 0;
}

function positionOf(id = ''): number {
  return Number(id.split(':').at(-2));
}

function talliedTo({ details }: CollectedBus): number {
  return Math.max(0, ...details.flatMap((one) => (one.kind === 'tally' ? one.tally.to : [])));
}
