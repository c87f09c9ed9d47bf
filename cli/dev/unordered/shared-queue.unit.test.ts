import { expect, test } from '@jest/globals';
import type { Bus, Delivery, DeliveryHandler, Subscription } from 'banyan/events';
import { sharedQueue } from './shared-queue.ts';

/** A bus whose deliveries the test makes. */
function handBus(): Bus & { readonly handlers: Map<string, DeliveryHandler> } {
  const handlers = new Map<string, DeliveryHandler>();
  return {
    handlers,
    publish: () => Promise.resolve(),
    subscribe: ({ name }, handler) => {
      handlers.set(name, handler);
      const close = (): Promise<void> => Promise.resolve(void handlers.delete(name));
      return Promise.resolve({ ended: new Promise<void>(() => undefined), close });
    },
    close: () => Promise.resolve(),
  };
}

const empty: Delivery = { events: [], progress: undefined };
const of = (name: string): Subscription => ({ name, logs: [], types: [], from: {} });

test('those of one name take turns; another name has a queue of its own', async () => {
  const bus = handBus();
  const shared = sharedQueue(bus);
  const taken: string[] = [];
  const taker =
    (name: string): DeliveryHandler =>
    () =>
      Promise.resolve(void taken.push(name));
  const first = await shared.subscribe(of('view'), taker('first'));
  await shared.subscribe(of('view'), taker('second'));
  await shared.subscribe(of('other'), taker('other'));
  for (const name of ['view', 'view', 'view', 'other']) await bus.handlers.get(name)?.(empty);
  expect(taken).toEqual(['first', 'second', 'first', 'other']);

  await first.close();
  // Who has left waits for nobody.
  await first.ended;
  for (const name of ['view', 'view']) await bus.handlers.get(name)?.(empty);
  expect(taken.slice(4)).toEqual(['second', 'second']);
});

test('what one refuses is refused, and the subscription ends with the last', async () => {
  const bus = handBus();
  const shared = sharedQueue(bus);
  const refusing = await shared.subscribe(of('view'), () => Promise.reject(new Error('not now')));
  const taking = await shared.subscribe(of('view'), () => Promise.resolve());
  const deliver = bus.handlers.get('view');
  await expect(deliver?.(empty)).rejects.toThrow('not now');
  await expect(deliver?.(empty)).resolves.toBeUndefined();
  await refusing.close();
  expect(bus.handlers.has('view')).toBe(true);
  await taking.close();
  expect(bus.handlers.has('view')).toBe(false);
  await expect(deliver?.(empty)).rejects.toMatchObject({ code: 'BUS_CLOSED', retryable: true });
  // A queue that has ended is begun anew.
  await shared.subscribe(of('view'), () => Promise.resolve());
  expect(bus.handlers.has('view')).toBe(true);
});

test('closing waits for what the taker has taken', async () => {
  const bus = handBus();
  const shared = sharedQueue(bus);
  let finish = (): void => undefined;
  const slow = await shared.subscribe(of('view'), () => new Promise<void>((resolve) => (finish = resolve)));
  await shared.subscribe(of('view'), () => Promise.resolve());
  const delivered = bus.handlers.get('view')?.(empty);
  let isClosed = false;
  const closing = slow.close().then(() => (isClosed = true));
  await new Promise((resolve) => setImmediate(resolve));
  expect(isClosed).toBe(false);
  finish();
  await Promise.all([delivered, closing]);
});
