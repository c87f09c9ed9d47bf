import type { Bus, Delivery, DeliveryHandler, RunningSubscription } from 'banyan/events';
import { BanyanError, once } from 'banyan/runtime';

/** A subscription that several take part in. */
interface Queue {
  readonly subscribed: Promise<RunningSubscription>;
  /** Whose turn it is comes first. */
  readonly takers: DeliveryHandler[];
}

/**
 * Lets subscribers of one name share what comes, as the instances of a function share a queue: each delivery goes to
 * one of them, in turn. The first one says what is subscribed to, and from where.
 */
export function sharedQueue(bus: Bus): Bus {
  const queues = new Map<string, Queue>();

  const begin = (name: string, start: (handler: DeliveryHandler) => Promise<RunningSubscription>): Queue => {
    const takers: DeliveryHandler[] = [];
    const subscribed = start(async (delivery) => {
      const next = takers.shift();
      if (!next) throw nobody(name);
      takers.push(next);
      await next(delivery);
    });
    const queue = { subscribed, takers };
    queues.set(name, queue);
    return queue;
  };

  return {
    publish: (events) => bus.publish(events),
    subscribe: async (subscription, handler) => {
      const { name } = subscription;
      const queue = queues.get(name) ?? begin(name, (first) => bus.subscribe(subscription, first));
      const { take, settled } = counted(handler);
      queue.takers.push(take);
      const running = await queue.subscribed;
      let leave = (): void => undefined;
      const left = new Promise<void>((resolve) => (leave = resolve));
      return {
        // It ends for who leaves, though others stay.
        ended: Promise.race([running.ended, left]),
        close: once(async () => {
          queue.takers.splice(queue.takers.indexOf(take), 1);
          leave();
          if (queue.takers.length === 0) {
            queues.delete(name);
            await running.close();
          }
          await settled();
        }),
      };
    },
    close: () => bus.close(),
  };
}

/** The handler, and a way to wait for what it has taken. */
function counted(handler: DeliveryHandler): {
  readonly take: DeliveryHandler;
  readonly settled: () => Promise<unknown>;
} {
  const underWay = new Set<Promise<void>>();
  const take = async (delivery: Delivery): Promise<void> => {
    const work = handler(delivery);
    underWay.add(work);
    await work.finally(() => underWay.delete(work));
  };
  return { take, settled: () => Promise.allSettled([...underWay]) };
}

/** All have left, and the subscription is being closed: what comes meanwhile is refused. */
function nobody(name: string): BanyanError {
  return new BanyanError('BUS_CLOSED', `Nobody takes what comes for ${name} any more.`, { retryable: true });
}
