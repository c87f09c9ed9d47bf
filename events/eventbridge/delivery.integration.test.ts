import { afterAll, afterEach, beforeEach, expect, test } from '@jest/globals';
import { CreateEventBusCommand, DeleteEventBusCommand } from '@aws-sdk/client-eventbridge';
import { closeAll, silentLogger, type Closeable } from 'banyan/runtime';
import { describeWith, emulator } from '../../kit/aws/emulators.ts';
import { uniqueName } from '../../kit/aws/test-names.ts';
import { eventually } from '../../kit/eventually.ts';
import type { PublishedLog, Publishing } from '../delivery.ts';
import type { EventLogRef } from '../domain-event.ts';
import { eventBridge } from './delivery.ts';
import { collectBus, type CollectedBus } from './testing/collected-bus.ts';
import { logToPublish, type LogToPublish } from './testing/published-log.ts';
import { clientsOf, type Clients } from './testing/test-bus.ts';

const ministack = await emulator('ministack');
const ref: EventLogRef = { source: 'shop', translation: 'orders', version: 1 };

describeWith([ministack], 'a delivery onto EventBridge', () => {
  const clients: Clients = clientsOf(ministack);
  const { events } = clients;
  afterAll(() => {
    events.destroy();
    clients.queues.destroy();
  });

  let busName: string;
  let made: LogToPublish;
  let bus: CollectedBus;
  let started: Closeable[];
  const makeBus = async (): Promise<void> => {
    await events.send(new CreateEventBusCommand({ Name: busName }));
  };
  const deleteBus = async (): Promise<void> => {
    await events.send(new DeleteEventBusCommand({ Name: busName }));
  };

  beforeEach(async () => {
    busName = uniqueName();
    await makeBus();
    started = [{ close: deleteBus }];
    made = await logToPublish(ref);
    started.push(made);
    bus = await collectBus(clients, busName);
    started.push(bus);
  });
  afterEach(() => closeAll(started));

  async function publish(given: Partial<PublishedLog> = {}): Promise<Publishing> {
    const delivery = eventBridge({ events, busName, checkSeconds: 0 });
    const { signal } = new AbortController();
    const running = await delivery.publish({ ...made.log, ...given }, { logger: silentLogger, signal });
    started.push(running);
    return running;
  }

  const allCame = () => eventually(async () => expect(bus.events()).toEqual(new Set(await made.ids())));
  const allRecorded = () =>
    eventually(async () => expect(await made.recorded()).toEqual({ position: made.writer.durable }));
  const talliedTo = (): number[] => bus.details.flatMap((one) => (one.kind === 'tally' ? one.tally.to : []));

  test('events and tallies arrive, and the next start goes on with what came since', async () => {
    await made.append(['A', 'B'], ['A']);
    const first = await publish();
    await made.append(['B']);
    await allCame();
    await eventually(() => expect(talliedTo()).toContain(2));
    await allRecorded();
    await first.close();
    await first.ended;

    await made.append(['A']);
    const before = bus.events();
    await publish();
    await allCame();
    const later = [...bus.events()].filter((id) => !before.has(id));
    expect(later).toEqual(['shop:orders@1:3:0']);
    await eventually(() => expect(talliedTo()).toContain(3));
  });

  test('it may begin later than the log, and keeps to where it was left from then on', async () => {
    for (const type of ['A', 'B', 'A']) await made.append([type]);
    const first = await publish({ from: { position: 2 } });
    await allRecorded();
    await first.close();
    await made.append(['B']);
    await publish({ from: { position: 0 } });
    await allRecorded();
    const wanted = ['shop:orders@1:3:0', 'shop:orders@1:4:0'];
    await eventually(() => expect([...bus.events()].sort()).toEqual(wanted));
  });

  test('a bus that is gone stops it; once it is back, everything comes that it has missed', async () => {
    await made.append(['A']);
    const first = await publish();
    await allCame();
    await allRecorded();
    await bus.close();
    await deleteBus();
    await made.append(['B']);
    const gone = { code: 'BUS_REFUSED', message: expect.stringContaining(`no event bus ${busName}`) };
    await expect(first.ended).rejects.toMatchObject(gone);
    await expect(publish()).rejects.toMatchObject(gone);
    await made.append(['A']);

    await makeBus();
    bus = await collectBus(clients, busName);
    started.push(bus);
    await publish();
    const missed = (await made.ids()).slice(1);
    await eventually(() => expect([...bus.events()]).toEqual(expect.arrayContaining([...missed])));
    await eventually(() => expect(talliedTo()).toContain(3));
  });
});
