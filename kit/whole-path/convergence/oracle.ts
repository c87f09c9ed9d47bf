import { createHash } from 'node:crypto';
import type { Happening, Said } from './history.ts';

/** An event as the oracle tells it from the history alone. */
export interface ToldEvent {
  readonly id: string;
  readonly log: string;
  readonly order: readonly [
    logTime: string,
    source: string,
    position: number,
    translation: string,
    index: number,
  ];
  readonly said: Said;
}

/** What a key must come to. */
export interface Expected {
  readonly document: { readonly count: number; readonly trail: string } | undefined;
  /** The event that it is parked at. */
  readonly parked: string | undefined;
}

/** One transaction as it was committed. */
export interface Committed {
  readonly source: string;
  readonly position: number;
  readonly logTime: string;
  readonly told: Readonly<Record<'orders' | 'stock', readonly Said[]>>;
}

/** The history as transactions: each source counts its positions and its time for itself. */
export function committed(history: readonly Happening[]): readonly Committed[] {
  const at: Record<string, { position: number; time: number }> = {};
  return history.map(({ source, later, orders, stock }) => {
    const place = (at[source] ??= { position: 0, time: 0 });
    place.position += 1;
    place.time += later;
    const told = { orders, stock: source === 'shop' ? stock : [] };
    return { source, position: place.position, logTime: timeAt(place.time), told };
  });
}

/** So many milliseconds after the beginning. */
export function timeAt(milliseconds: number): string {
  return new Date(Date.UTC(2026, 0, 1) + milliseconds).toISOString().replace('Z', '000Z');
}

/** Every event, in order. */
export function eventsInOrder(all: readonly Committed[]): readonly ToldEvent[] {
  const events = all.flatMap(({ source, position, logTime, told }) =>
    (['orders', 'stock'] as const).flatMap((translation) =>
      told[translation].map((said, index): ToldEvent => {
        const log = `${source}:${translation}@1`;
        const order = [logTime, source, position, translation, index] as const;
        return { id: `${log}:${String(position)}:${String(index)}`, log, order, said };
      }),
    ),
  );
  return events.toSorted((one, other) => compare(one.order, other.order));
}

function compare(one: ToldEvent['order'], other: ToldEvent['order']): number {
  for (const [at, value] of one.entries()) {
    const beside = other[at] ?? value;
    if (value !== beside) return value < beside ? -1 : 1;
  }
  return 0;
}

/** The ordered fold of all events, each once, by key; written for this view alone, without any of Banyan's code. */
export function expectedItems(events: readonly ToldEvent[]): ReadonlyMap<string, Expected> {
  const items = new Map<string, Expected>();
  for (const event of events) {
    for (const key of new Set(event.said.keys)) {
      const { document, parked } = items.get(key) ?? { document: undefined, parked: undefined };
      if (parked === undefined) items.set(key, after(document, event));
    }
  }
  return items;
}

function after(document: Expected['document'], { id, said: { type } }: ToldEvent): Expected {
  const trail = createHash('md5')
    .update(`${document?.trail ?? ''} ${id}`)
    .digest('hex');
  const more = { document: { count: (document?.count ?? 0) + 1, trail }, parked: undefined };
  const same = { document, parked: undefined };
  switch (type) {
    case 'Put':
      return more;
    case 'Gone':
      return { document: undefined, parked: undefined };
    case 'Skip':
    case 'Noise':
      return same;
    case 'Maybe':
      return document ? more : same;
    case 'Needs':
      return document ? more : { document, parked: id };
    case 'Poison':
      return { document, parked: id };
  }
}
