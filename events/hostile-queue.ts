import type { DomainEvent } from './domain-event.ts';

/** One delivery of an event that is still to be made. */
export interface Copy {
  readonly event: DomainEvent;
  /** About the bytes of its data. */
  readonly bytes: number;
  /** 0: the first delivery of the event; else a repeat. */
  readonly number: number;
  /** When it comes, by the bus's clock. */
  readonly due: number;
  /** How often a handler refused it. */
  readonly refused: number;
  /** Events at most in a delivery that begins with it. */
  readonly batch: number;
  /** 0 to 1: where in its range the wait before a redelivery lies. */
  readonly spread: number;
}

/** Copies that wait, in the order in which they are due. */
export interface DueQueue {
  readonly size: number;
  readonly bytes: number;
  /** When the first is due; undefined when none waits. */
  readonly nextDue: number | undefined;
  add(copy: Copy): void;
  /** Takes those that are due, as many as the first of them allows. */
  take(now: number): readonly Copy[];
}

/** Makes an empty queue. */
export function createDueQueue(): DueQueue {
  // The first due is the last, so that taking it is cheap.
  const waiting: Copy[] = [];
  let bytes = 0;
  return {
    get size() {
      return waiting.length;
    },
    get bytes() {
      return bytes;
    },
    get nextDue() {
      return waiting.at(-1)?.due;
    },
    add: (copy) => {
      waiting.splice(placeOf(waiting, copy.due), 0, copy);
      bytes += copy.bytes;
    },
    take: (now) => {
      const taken: Copy[] = [];
      for (let next = waiting.at(-1); next && next.due <= now; next = waiting.at(-1)) {
        if (taken.length >= (taken[0]?.batch ?? 1)) break;
        waiting.pop();
        bytes -= next.bytes;
        taken.push(next);
      }
      return taken;
    },
  };
}

/** Before all that are due sooner or at the same time: among equals the one that came first is taken first. */
function placeOf(waiting: readonly Copy[], due: number): number {
  let [from, to] = [0, waiting.length];
  while (from < to) {
    const middle = (from + to) >>> 1;
    if ((waiting[middle]?.due ?? 0) <= due) to = middle;
    else from = middle + 1;
  }
  return from;
}
