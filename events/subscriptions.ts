import { BanyanError, once, type Closeable } from 'banyan/runtime';
import type { RunningSubscription } from './bus.ts';

/** The subscriptions of a bus within a process. Closing it closes them, and none comes after. */
export interface Subscriptions<S extends RunningSubscription> extends Closeable {
  /** Starts a subscription. @throws BanyanError BUS_CLOSED */
  start(name: string, begin: () => S): S;
  running(): Iterable<S>;
}

/** Begins without any. */
export function createSubscriptions<S extends RunningSubscription>(): Subscriptions<S> {
  const running = new Set<S>();
  let closed = false;
  return {
    start: (name, begin) => {
      if (closed) throw busClosed(name);
      const started = begin();
      running.add(started);
      const forget = (): void => void running.delete(started);
      started.ended.then(forget, forget);
      return started;
    },
    running: () => running,
    close: once(async () => {
      closed = true;
      await Promise.all([...running].map((subscription) => subscription.close()));
    }),
  };
}

function busClosed(name: string): BanyanError {
  return new BanyanError(
    'BUS_CLOSED',
    `Subscription ${name} came after the bus was closed. Start a new bus.`,
  );
}
