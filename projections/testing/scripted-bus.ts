import {
  compareOrderKeys,
  eventLogName,
  type Bus,
  type Delivery,
  type DomainEvent,
  type Progress,
} from 'banyan/events';
import { coversEvent } from '../progress.ts';

/** A bus whose deliveries a test decides. */
export interface ScriptedBus extends Bus {
  /** Delivers those that the subscriber does not have, in order, so many at a time; resolves when all were taken. */
  deliver(events: readonly DomainEvent[], perDelivery?: number): Promise<void>;
  /** Hands over exactly this. */
  hand(delivery: Delivery): Promise<void>;
  /** What the subscriber said it has. */
  readonly from: Progress;
  /** Breaks the subscription, as a corrupt log would. */
  break(error: Error): void;
}

/** An ordered bus of one subscriber. */
export function createScriptedBus(): ScriptedBus {
  let from: Progress = {};
  let handle: ((delivery: Delivery) => Promise<void>) | undefined;
  let finish: { resolve: () => void; reject: (error: Error) => void } | undefined;

  const hand = async (delivery: Delivery): Promise<void> => {
    if (!handle) throw new Error('nobody has subscribed');
    try {
      await handle(delivery);
    } catch (error) {
      finish?.reject(error as Error);
      throw error;
    }
  };
  return {
    get from() {
      return from;
    },
    publish: async () => undefined,
    close: async () => finish?.resolve(),
    subscribe: async (subscription, handler) => {
      from = subscription.from;
      handle = handler;
      const ended = new Promise<void>((resolve, reject) => (finish = { resolve, reject }));
      ended.catch(() => undefined);
      return { ended, close: async () => finish?.resolve() };
    },
    hand,
    break: (error) => finish?.reject(error),
    deliver: async (events, perDelivery = 10) => {
      const fresh = events.filter((event) => !coversEvent(from, event)).sort(compareOrderKeys);
      const lastOf = new Map(fresh.map((event) => [placeOf(event), event.index]));
      let progress = from;
      for (let at = 0; at < fresh.length; at += perDelivery) {
        const some = fresh.slice(at, at + perDelivery);
        for (const event of some) {
          const { position, index } = event;
          // Without an index behind the last event of its transaction.
          const cursor = lastOf.get(placeOf(event)) === index ? { position } : { position, index };
          progress = { ...progress, [eventLogName(event)]: cursor };
        }
        await hand({ events: some, progress });
      }
    },
  };
}

function placeOf(event: DomainEvent): string {
  return `${eventLogName(event)}:${event.position}`;
}
