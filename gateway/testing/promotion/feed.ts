import { eventId, eventLogName, type Bus, type DeliveryHandler, type DomainEvent } from 'banyan/events';
import { startProjector, type AtomicViewStore, type Projector } from 'banyan/projections';
import { closeAll, silentLogger, type Closeable } from 'banyan/runtime';
import { generationOf, logOfLogic, sale, viewsBy, type Logic } from './views.ts';

/** One set of generations and what feeds it. */
interface Side {
  readonly handlers: DeliveryHandler[];
  readonly projectors: Projector[];
  /** The last position handed over. */
  fed: number;
  held: boolean;
}

/** Live events, folded into both sets of generations as they happen. */
export interface Feed extends Closeable {
  /** So many more transactions; resolves when every side that is not held has folded them. */
  advance(transactions: number): Promise<void>;
  /** What comes is kept from these generations. */
  hold(logic: Logic): void;
  /** Hands over what was kept; resolves when it is folded. */
  release(logic: Logic): Promise<void>;
}

/** Registers the generations and starts their projectors. */
export async function startFeed(store: AtomicViewStore): Promise<Feed> {
  const sides = { faulty: await startSide(store, 'faulty'), fixed: await startSide(store, 'fixed') };
  let last = 0;
  let working = Promise.resolve();
  // One after the other, so that each side gets its events in order.
  const inTurn = (work: () => Promise<unknown>): Promise<void> => {
    working = working.then(work).then(() => undefined);
    return working;
  };
  return {
    advance: (transactions) => {
      last += transactions;
      return inTurn(() => {
        const open = (['faulty', 'fixed'] as const).filter((logic) => !sides[logic].held);
        return Promise.all(open.map((logic) => handOver(sides[logic], logic, last)));
      });
    },
    hold: (logic) => {
      sides[logic].held = true;
    },
    release: (logic) =>
      inTurn(() => {
        sides[logic].held = false;
        return handOver(sides[logic], logic, last);
      }),
    close: () => closeAll([...sides.faulty.projectors, ...sides.fixed.projectors]),
  };
}

async function startSide(store: AtomicViewStore, logic: Logic): Promise<Side> {
  const side: Side = { handlers: [], projectors: [], fed: 0, held: false };
  const bus: Bus = {
    publish: async () => undefined,
    close: async () => undefined,
    subscribe: async (_, handler) => {
      side.handlers.push(handler);
      let end: () => void = () => undefined;
      const ended = new Promise<void>((resolve) => (end = resolve));
      return { ended, close: async () => end() };
    },
  };
  const logs = [logOfLogic(logic)];
  const { orders, customers } = viewsBy(logic);
  for (const projection of [orders, customers]) {
    const generation = await store.createGeneration({
      projection: projection.name,
      number: generationOf[logic],
      state: { kind: logic === 'faulty' ? 'live' : 'ready' },
      bundle: logic,
      logs,
      floor: {},
      indexes: [...projection.indexes.keys()].map((name) => ({ name })),
      createdAt: '2026-01-01T00:00:00.000Z',
    });
    side.projectors.push(
      await startProjector({ projection, generation, store, bus, logs, logger: silentLogger }),
    );
  }
  return side;
}

async function handOver(side: Side, logic: Logic, last: number): Promise<void> {
  const name = eventLogName(logOfLogic(logic));
  for (; side.fed < last; side.fed += 1) {
    const position = side.fed + 1;
    const delivery = { events: eventsAt(position, logic), progress: { [name]: { position } } };
    await Promise.all(side.handlers.map((handler) => handler(delivery)));
  }
  await Promise.all(side.projectors.map((one) => one.reached({ [name]: { position: last } })));
}

function eventsAt(position: number, logic: Logic): DomainEvent[] {
  const log = logOfLogic(logic);
  const logTime = new Date(Date.UTC(2026, 0, 1) + position * 1000).toISOString().replace('Z', '000Z');
  return sale(position).map(({ type, data }, index) => ({
    ...{ ...log, type, data, position, index, logTime },
    id: eventId(log, position, index),
    committedAt: logTime,
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    causedBy: `shop:${position}`,
  }));
}
