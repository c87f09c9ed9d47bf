import { placeOf, type Item } from 'banyan/projections';
import type { OrderKey } from 'banyan/events';
import { z } from 'zod';
import type { Outcome } from './answer.ts';

/** The request and response header of a session's token. */
export const sessionHeader = 'banyan-session';

/** What becomes of reads that show something, or that there is nothing: these answers carry a session, and notices. */
export const sessionOutcomes: ReadonlySet<Outcome> = new Set<Outcome>(['ok', 'notModified', 'notFound']);

/** A place in an event log: the transaction's position, and the event's index within it (Infinity: all of them). */
export interface Place {
  readonly position: number;
  readonly index: number;
}

/**
 * Places by event log, without its version: `shop:orders`. A position is the change log's, so that it means the same
 * in every version of a translation.
 */
export type Places = ReadonlyMap<string, Place>;

/** What a reader was shown so far: nothing older is an answer to it. */
export interface Session {
  readonly group: string;
  /** Of the live pointer: from 1. */
  readonly epoch: number;
  /** The highest place shown of each event log. */
  readonly shown: Places;
}

/** Characters of the header, however many tokens it holds. */
export const sessionLimit = 6_000;

const natural = z.int().nonnegative();
const shape = z.tuple([
  z.string().min(1),
  natural.min(1),
  z.array(z.tuple([z.string().min(1), natural.min(1), natural])),
]);

/**
 * The opaque text of a session: base64url of compact JSON. One that would be longer than a header may be (over a
 * hundred event logs) names the epoch alone.
 */
export function writeSession({ group, epoch, shown }: Session): string {
  const places = [...shown].sort(([one], [other]) => (one < other ? -1 : 1));
  const write = (rows: readonly unknown[]): string =>
    Buffer.from(JSON.stringify([group, epoch, rows])).toString('base64url');
  const whole = write(places.map(([log, { position, index }]) => [log, position, index]));
  return whole.length <= sessionLimit ? whole : write([]);
}

/** The session of a token; undefined when the text is none. */
function readToken(text: string): Session | undefined {
  if (!/^[\w-]+$/.test(text)) return undefined;
  try {
    const read = shape.safeParse(JSON.parse(Buffer.from(text, 'base64url').toString()));
    if (!read.success) return undefined;
    const [group, epoch, rows] = read.data;
    const shown = rows.map(([log, position, index]) => new Map([[log, { position, index }]]));
    return { group, epoch, shown: shown.reduce<Places>(mergePlaces, new Map()) };
  } catch {
    return undefined;
  }
}

/** What a header says: no session, one, or what is wrong with it. */
export type GivenSession =
  | { readonly kind: 'none' }
  | { readonly kind: 'session'; readonly session: Session }
  | { readonly kind: 'invalid'; readonly problem: string };

/**
 * Reads the header. Several tokens, separated by commas, are one session: a client with several requests at once
 * sends what it got from all of them.
 */
export function readSession(header: string | undefined, group: string): GivenSession {
  if (header === undefined) return { kind: 'none' };
  if (header.length > sessionLimit) {
    return { kind: 'invalid', problem: `longer than ${sessionLimit} characters` };
  }
  const sessions = header.split(',').map((text) => readToken(text.trim()));
  const read = sessions.filter((one) => one !== undefined);
  const [first, ...others] = read;
  if (first === undefined || read.length < sessions.length) {
    return { kind: 'invalid', problem: `no session; expected what a gateway gave as ${sessionHeader}` };
  }
  if (read.some((one) => one.group !== group)) {
    return { kind: 'invalid', problem: `a session of another group's gateway; expected one of ${group}` };
  }
  return { kind: 'session', session: others.reduce(mergeSessions, first) };
}

/** Both sessions in one: the higher of each. Of one group. */
export function mergeSessions(one: Session, other: Session): Session {
  return {
    group: one.group,
    epoch: Math.max(one.epoch, other.epoch),
    shown: mergePlaces(one.shown, other.shown),
  };
}

/** The higher place of each log. */
export function mergePlaces(one: Places, other: Places): Places {
  const merged = new Map(one);
  for (const [log, place] of other) {
    if (!isCovered(merged.get(log), place)) merged.set(log, place);
  }
  return merged;
}

/** Whether every wanted place is reached. */
export function covers(reached: Places, wanted: Places): boolean {
  return [...wanted].every(([log, place]) => isCovered(reached.get(log), place));
}

function isCovered(reached: Place | undefined, wanted: Place): boolean {
  if (reached === undefined || reached.position < wanted.position) return false;
  return reached.position > wanted.position || reached.index >= wanted.index;
}

/** What showing an item shows. */
export function placesOf({ state }: Item): Places {
  // Unsettled events lie above every generation's watermark: whoever was shown them would wait for it at each read.
  const at = placeOf(state);
  // A base that nothing came before begins in front of an event, which has the index 0: it shows nothing.
  return at === undefined || at.index < 0
    ? new Map()
    : new Map([[logOf(at), { position: at.position, index: at.index }]]);
}

/** The name of an event log in a session. */
export function logOf({ source, translation }: Pick<OrderKey, 'source' | 'translation'>): string {
  return `${source}:${translation}`;
}
