import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { postgresViews, type AtomicViewStore } from 'banyan/projections';
import { closeAll, type Closeable } from 'banyan/runtime';
import { eventually } from '../kit/eventually.ts';
import { seeded } from '../kit/seeded.ts';
import { testDatabase } from '../kit/test-database.ts';
import { startFeed, type Feed } from './testing/promotion/feed.ts';
import { startGatewayProcess } from './testing/promotion/gateway-process.ts';
import { Reader } from './testing/promotion/reader.ts';
import { allOrders, generationOf, liveAt } from './testing/promotion/views.ts';

const long = process.env['BANYAN_LONG'] !== undefined;
/** The last one promotes the fixed views, whose epochs are even. */
const moves = long ? 101 : 9;
/** Requests at most; far more than are needed. */
const mostRequests = moves * 2_000;
/** Answers between two events of the monolith. */
const answersPerEvent = 25;

const started: Closeable[] = [];
let store: AtomicViewStore;
let feed: Feed;
let urls: string[];

function begun<Started extends Closeable>(one: Started): Started {
  started.push(one);
  return one;
}

beforeAll(async () => {
  const connectionString = await testDatabase('promotion');
  store = begun(postgresViews({ connectionString }));
  await store.prepare();
  feed = begun(await startFeed(store));
  await feed.advance(allOrders.length);
  const { faulty: number } = generationOf;
  await store.movePointer('orders', 0, { order: number, customer: number });
  const processes = await Promise.all([250, 400].map((age) => startGatewayProcess(connectionString, age)));
  urls = processes.map((one) => begun(one).url);
});
afterAll(() => closeAll(started));

test('promoted and rolled back under 50 readers over two gateways: nobody gets an error, half an answer, or goes back', async () => {
  const seed = Date.now() % 1_000_000;
  let answers = 0;
  let epoch = 1;
  let moving = true;
  const readers = Array.from({ length: 55 }, (_, n) => {
    const random = seeded(seed + n);
    return new Reader({ urls, random, session: n < 50, newestEpoch: () => epoch });
  });
  const [sessions, anybody] = [readers.slice(0, 50), readers.slice(50)];
  const failures: unknown[] = [];
  const reading = readers.map(async (reader) => {
    while (moving && answers < mostRequests) {
      await reader.step();
      answers += 1;
      if (answers % answersPerEvent === 0) await feed.advance(1);
    }
  });
  for (const one of reading) one.catch((error: unknown) => failures.push(error));
  /** Waits until there are so many more answers, or a reader has failed. */
  const moreAnswers = async (more: number): Promise<void> => {
    const enough = answers + more;
    await eventually(() => {
      if (failures.length === 0 && answers < enough) throw new Error(`${answers} answers of ${enough}`);
    });
  };

  while (epoch <= moves && failures.length === 0) {
    await moreAnswers(80);
    const next = liveAt(epoch + 1);
    // The promotion's condition holds here; from here on the one that becomes live is behind the one that was.
    await feed.advance(0);
    feed.hold(next);
    await feed.advance(allOrders.length);
    epoch += 1;
    await store.movePointer('orders', epoch - 1, { order: generationOf[next], customer: generationOf[next] });
    // Those without a session do not wait: their answers show that the gateways have seen the move. Not for longer
    // than the others wait.
    await eventually(() => {
      if (!anybody.every((one) => one.epoch === epoch)) throw new Error('the former pointer is still used');
    }, 1_000).catch(() => undefined);
    await feed.release(next);
  }
  moving = false;
  await Promise.allSettled(reading);
  // The seed is told with the failure.
  expect({ seed, failures: failures.map(String) }).toEqual({ seed, failures: [] });
  expect(answers).toBeLessThan(mostRequests);
  expect({ epoch, live: liveAt(epoch) }).toEqual({ epoch: moves + 1, live: 'fixed' });

  // The tests of the test: sessions came through many epochs, tags were confirmed, walks went on in former generations.
  expect(Math.min(...sessions.map((one) => one.epoch))).toBeGreaterThan(moves / 2);
  const sum = (of: (reader: Reader) => number) => readers.reduce((total, one) => total + of(one), 0);
  expect(sum(({ notModified }) => notModified)).toBeGreaterThan(50);
  expect(sum(({ pagesOfFormer }) => pagesOfFormer)).toBeGreaterThan(10);
  const refused = sessions.map(async (reader) => {
    await eventually(async () => {
      await reader.step();
      if (reader.epoch < epoch) throw new Error(`a session at epoch ${reader.epoch}`);
    });
    return reader.refuses('faulty');
  });
  const asked = await Promise.all(refused);
  expect(asked.reduce((total, some) => total + some, 0)).toBeGreaterThan(50);
});
