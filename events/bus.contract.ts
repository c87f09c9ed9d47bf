import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { canonicalJson } from 'banyan/runtime';
import { eventually } from '../kit/eventually.ts';
import type { Bus, Delivery, DeliveryHandler, RunningSubscription } from './bus.ts';
import type { DomainEvent, EventLogRef, Progress } from './domain-event.ts';
import { readEvents } from './read-events.ts';
import { eventLogs, type EventLogs } from './testing/log-fixture.ts';

/** A bus to test. */
interface ContractBus {
  readonly name: string;
  /** An ordered bus tells progress, and ends a subscription whose handler throws. */
  readonly kind: 'ordered' | 'unordered';
  /** Opens a new one over these logs. The test closes it. */
  readonly open: (logs: EventLogs) => Promise<Bus>;
}

const orders: EventLogRef = { source: 'shop', translation: 'orders', version: 1 };
const fixed: EventLogRef = { ...orders, version: 2 };
const invoices: EventLogRef = { source: 'billing', translation: 'invoices', version: 1 };
const all = [orders, fixed, invoices];

interface Listener {
  readonly events: DomainEvent[];
  readonly deliveries: Delivery[];
  readonly subscription: RunningSubscription;
  /** Its events, each once, in the order of their ids. */
  readonly ids: () => string[];
}

/** What a bus is tested with. */
class World {
  readonly logs: EventLogs;
  readonly bus: Bus;
  #time = 0;

  constructor(logs: EventLogs, bus: Bus) {
    this.logs = logs;
    this.bus = bus;
  }

  /** Makes a transaction durable and hands its events over, as a translator and its publisher do. */
  async publish(log: EventLogRef, position: number, ...types: string[]): Promise<void> {
    this.#time += 1;
    await this.logs.append(log, position, this.#time, types);
    await this.bus.publish(await this.#read(log, position));
    // No log holds the others back.
    this.#time += 1;
    for (const one of all) {
      const next = (await this.logs.writer(one)).committed + 1;
      await this.logs.append(one, next, this.#time);
    }
  }

  async #read(log: EventLogRef, position: number): Promise<DomainEvent[]> {
    const after = { position: position - 1 };
    const found: DomainEvent[] = [];
    for await (const { events } of readEvents(this.logs.inProcess(log), log, { after, to: position })) {
      found.push(...events);
    }
    return found;
  }

  /** The text of an event as its log has it. */
  async logged({ id, position, ...ref }: DomainEvent): Promise<string> {
    return canonicalJson((await this.#read(ref, position)).find((event) => event.id === id));
  }

  async listen(name: string, handler?: DeliveryHandler, from: Progress = {}): Promise<Listener> {
    const events: DomainEvent[] = [];
    const deliveries: Delivery[] = [];
    const wanted = { name, logs: [orders, invoices], types: ['A', 'B'], from };
    const subscription = await this.bus.subscribe(wanted, async (delivery) => {
      await handler?.(delivery);
      events.push(...delivery.events);
      deliveries.push(delivery);
    });
    const ids = (): string[] => [...new Set(events.map(({ id }) => id))].sort();
    return { events, deliveries, subscription, ids };
  }
}

/** What every adapter of the bus port must do. */
export function busContract({ name, kind, open }: ContractBus): void {
  describe(`${name} as a bus`, () => {
    let world: World;
    beforeEach(async () => {
      const logs = await eventLogs();
      for (const log of all) await logs.writer(log);
      world = new World(logs, await open(logs));
    });
    afterEach(async () => {
      await world.bus.close();
      await world.logs.close();
    });
    deliveryContract(() => world, kind);
    refusalContract(() => world, kind);
    closingContract(() => world);
  });
}

function deliveryContract(world: () => World, kind: ContractBus['kind']): void {
  test('every event of the wanted logs, versions and types comes, as its log has it, and no other', async () => {
    const { ids, events } = await world().listen('one');
    await world().publish(orders, 1, 'A', 'C', 'B');
    await world().publish(fixed, 10, 'A');
    await world().publish(invoices, 20, 'C', 'B');
    await world().publish(orders, 30, 'A');
    const wanted = [
      'billing:invoices@1:20:1',
      'shop:orders@1:1:0',
      'shop:orders@1:1:2',
      'shop:orders@1:30:0',
    ];
    await eventually(() => expect(ids()).toEqual(wanted));
    for (const event of events) expect(canonicalJson(event)).toBe(await world().logged(event));
  });

  test('each subscription gets its events, whatever others do', async () => {
    const [one, other] = [await world().listen('one'), await world().listen('other')];
    await world().publish(orders, 1, 'A');
    await eventually(() =>
      expect([one.ids(), other.ids()]).toEqual([['shop:orders@1:1:0'], ['shop:orders@1:1:0']]),
    );
    await one.subscription.close();
    await world().publish(orders, 10, 'B');
    await eventually(() => expect(other.ids()).toEqual(['shop:orders@1:10:0', 'shop:orders@1:1:0']));
  });

  test('what came while a subscription was closed comes when it is back', async () => {
    const before = await world().listen('one');
    await world().publish(orders, 1, 'A');
    await eventually(() => expect(before.ids()).toHaveLength(1));
    await before.subscription.close();
    await world().publish(orders, 10, 'B');
    const from = { 'shop:orders@1': { position: 9 } };
    const { ids } = await world().listen('one', undefined, from);
    await eventually(() => expect(ids()).toContain('shop:orders@1:10:0'));
    if (kind === 'ordered') expect(ids()).toEqual(['shop:orders@1:10:0']);
  });

  test(`progress is ${kind === 'ordered' ? 'told' : 'not told'}`, async () => {
    const { ids, deliveries } = await world().listen('one');
    await world().publish(orders, 1, 'A');
    await eventually(() => expect(ids()).toHaveLength(1));
    const told = deliveries.map(({ progress }) => progress !== undefined);
    expect(new Set(told)).toEqual(new Set([kind === 'ordered']));
  });
}

function refusalContract(world: () => World, kind: ContractBus['kind']): void {
  const refusal = new Error('refused by the test');

  if (kind === 'ordered') {
    test('a handler that throws ends its subscription with what it threw, and no other', async () => {
      const other = await world().listen('other');
      const { subscription } = await world().listen('one', () => Promise.reject(refusal));
      await world().publish(orders, 1, 'A');
      await expect(subscription.ended).rejects.toBe(refusal);
      await world().publish(orders, 10, 'B');
      await eventually(() => expect(other.ids()).toHaveLength(2));
    });
    return;
  }

  test('a refused delivery comes again until it is taken', async () => {
    let refusals = 0;
    const { ids, subscription } = await world().listen('one', async () => {
      if (refusals++ < 2) throw refusal;
    });
    await world().publish(orders, 1, 'A', 'B');
    await eventually(() => expect(ids()).toHaveLength(2));
    expect(refusals).toBeGreaterThan(2);
    await subscription.close();
    await subscription.ended;
  });
}

function closingContract(world: () => World): void {
  test('closing waits for the delivery under way, and none comes after', async () => {
    const gate = createGate();
    const entered = createGate();
    const one = await world().listen('one', async ({ events }) => {
      if (events.length === 0) return;
      entered.open();
      await gate.opened;
    });
    const other = await world().listen('other');
    await world().publish(orders, 1, 'A');
    await entered.opened;
    let isClosed = false;
    const closing = one.subscription.close().then(() => (isClosed = true));
    await eventually(() => expect(other.ids()).toHaveLength(1));
    expect(isClosed).toBe(false);
    gate.open();
    await closing;
    await one.subscription.ended;
    const { length } = one.events;
    await world().publish(orders, 10, 'B');
    await eventually(() => expect(other.ids()).toHaveLength(2));
    expect(one.events).toHaveLength(length);
  });

  test('closing the bus closes its subscriptions, and takes no more', async () => {
    const { subscription } = await world().listen('one');
    await world().bus.close();
    await subscription.ended;
    await expect(world().listen('other')).rejects.toMatchObject({ code: 'BUS_CLOSED' });
  });
}

/** Something to wait for. */
function createGate(): { readonly opened: Promise<void>; readonly open: () => void } {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open: () => open() };
}
