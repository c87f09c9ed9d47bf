import { approximateBytes } from 'banyan/cdc';
import {
  eventLogName,
  type DomainEvent,
  type EventLogRef,
  type LogCursor,
  type OrderKey,
  type Progress,
} from './domain-event.ts';
import { compareOrderKeys } from './order.ts';
import type { EventChunk } from './read-events.ts';

/**
 * How far a translator has come beyond the tail of its event log: positions up to `position` gave no events besides
 * those that are durable in the log up to `head`. Only its own process can know; it is not kept.
 */
export interface Announcement {
  readonly position: number;
  readonly logTime: string;
  /** The last durable position of the event log when this was said. */
  readonly head: number;
}

/** What was merged at once. */
export interface Merged {
  readonly events: readonly DomainEvent[];
  readonly progress: Progress;
  /** Whether the progress is another one than after the last call. */
  readonly moved: boolean;
}

/** Merges event logs by order key, up to the frontier. Holds chunks that were read and not taken yet. */
export interface Merge {
  /** Whether the log's buffer has room for a chunk. */
  hasRoom(log: EventLogRef): boolean;
  push(log: EventLogRef, chunk: EventChunk): void;
  announce(log: EventLogRef, announcement: Announcement): void;
  /** Takes what may be delivered: every event that no log can overtake any more, within the limits. */
  take(limits: { readonly events: number; readonly bytes: number }): Merged;
}

/** One log within a merge. */
interface Queue {
  readonly log: EventLogRef;
  readonly name: string;
  readonly chunks: EventChunk[];
  /** How many events of the first chunk were taken. */
  taken: number;
  /** Up to where everything was taken. */
  cursor: LogCursor | undefined;
  /** Up to where the log was read, and the log time there. */
  read: { readonly cursor: LogCursor; readonly logTime: string };
  announced: Announcement | undefined;
}

/** Chunks kept ready for each log, so that reading goes on while a handler is busy. */
const chunksAhead = 2;

/** Begins a merge of the logs, each behind its own cursor. */
export function createMerge(logs: readonly EventLogRef[], from: Progress): Merge {
  const queues = new Map(logs.map((log) => [eventLogName(log), beginQueue(log, from)]));
  const all = [...queues.values()];
  const queueOf = (log: EventLogRef): Queue => {
    const queue = queues.get(eventLogName(log));
    if (!queue) throw new Error(`${eventLogName(log)} is not merged here`);
    return queue;
  };
  let known = JSON.stringify(progressOf(all));
  return {
    hasRoom: (log) => queueOf(log).chunks.length < chunksAhead,
    push: (log, chunk) => {
      const queue = queueOf(log);
      // A translator that began anew may write a tick below what it announced before.
      if (chunk.events.length === 0 && chunk.cursor.position < queue.read.cursor.position) return;
      queue.read = { cursor: chunk.cursor, logTime: chunk.logTime };
      queue.chunks.push(chunk);
      settle(queue);
    },
    announce: (log, announcement) => {
      const queue = queues.get(eventLogName(log));
      if (!queue) return;
      queue.announced = announcement;
      settle(queue);
    },
    take: (limits) => {
      const events = takeEvents(all, limits);
      const progress = progressOf(all);
      const text = JSON.stringify(progress);
      const moved = text !== known;
      known = text;
      return { events, progress, moved };
    },
  };
}

function beginQueue(log: EventLogRef, from: Progress): Queue {
  const name = eventLogName(log);
  const cursor = Object.hasOwn(from, name) ? from[name] : undefined;
  const read = { cursor: cursor ?? { position: 0 }, logTime: '' };
  return { log, name, chunks: [], taken: 0, cursor, read, announced: undefined };
}

function takeEvents(queues: readonly Queue[], limits: { events: number; bytes: number }): DomainEvent[] {
  const events: DomainEvent[] = [];
  let bytes = 0;
  while (events.length < limits.events && bytes < limits.bytes) {
    const queue = firstQueue(queues);
    const event = queue && headOf(queue);
    if (!event || !queues.every((other) => headOf(other) !== undefined || isBefore(event, boundOf(other))))
      break;
    events.push(event);
    if (limits.bytes !== Infinity) bytes += approximateBytes(event.data);
    takeHead(queue);
  }
  return events;
}

function headOf(queue: Queue): DomainEvent | undefined {
  return queue.chunks[0]?.events[queue.taken];
}

/** The queue whose next event comes first of all. */
function firstQueue(queues: readonly Queue[]): Queue | undefined {
  let first: Queue | undefined;
  let head: DomainEvent | undefined;
  for (const queue of queues) {
    const candidate = headOf(queue);
    if (!candidate || (head && !comesFirst(candidate, head))) continue;
    first = queue;
    head = candidate;
  }
  return first;
}

function comesFirst(one: DomainEvent, other: DomainEvent): boolean {
  return (compareOrderKeys(one, other) || one.version - other.version) < 0;
}

function takeHead(queue: Queue): void {
  const event = headOf(queue);
  queue.taken += 1;
  const next = headOf(queue);
  // Behind the last wanted event of a transaction is behind the whole transaction, as far as the chunk tells.
  if (event && next) {
    const within = next.position === event.position;
    queue.cursor = within
      ? { position: event.position, index: event.index }
      : { position: next.position - 1 };
  }
  settle(queue);
}

/** Drops chunks that were taken whole; when nothing is left, takes over how far the translator says it is. */
function settle(queue: Queue): void {
  for (let chunk = queue.chunks[0]; chunk && queue.taken >= chunk.events.length; chunk = queue.chunks[0]) {
    queue.cursor = chunk.cursor;
    queue.chunks.shift();
    queue.taken = 0;
  }
  const { announced, read } = queue;
  if (queue.chunks.length > 0 || !announced) return;
  const isWhole = read.cursor.index === undefined;
  if (!isWhole || read.cursor.position < announced.head || read.cursor.position >= announced.position) return;
  queue.read = { cursor: { position: announced.position }, logTime: announced.logTime };
  queue.cursor = queue.read.cursor;
}

/** The least order key that may still come from a log of which nothing is buffered. */
function boundOf({ log, read }: Queue): OrderKey {
  const { position, index } = read.cursor;
  const { source, translation } = log;
  const next = index === undefined ? { position: position + 1, index: 0 } : { position, index: index + 1 };
  return { logTime: read.logTime, source, translation, ...next };
}

function isBefore(event: DomainEvent, bound: OrderKey): boolean {
  // Within a source the position alone decides, also while the log time of the bound is not known yet.
  const logTime = event.source === bound.source ? event.logTime : bound.logTime;
  return compareOrderKeys(event, { ...bound, logTime }) < 0;
}

function progressOf(queues: readonly Queue[]): Progress {
  const read = queues.flatMap(({ name, cursor }) => (cursor ? [[name, cursor] as const] : []));
  return Object.fromEntries(read);
}
