import {
  eventLogName,
  eventsOfLine,
  type DomainEvent,
  type EventLogRef,
  type MergedLog,
  type Tally,
  type TallyFeed,
} from 'banyan/events';
import { ArrayLog } from './array-log.ts';
import { timeAt, type Committed } from './oracle.ts';

/** The event logs of the histories: two translations of one source, one of another. */
export const toldLogs: readonly EventLogRef[] = [
  { source: 'shop', translation: 'orders', version: 1 },
  { source: 'shop', translation: 'stock', version: 1 },
  { source: 'crm', translation: 'orders', version: 1 },
];

/** The event logs that a history is told in, and their tallies. */
export class ToldLogs {
  readonly #logs = new Map(toldLogs.map((log) => [eventLogName(log), new ArrayLog(log)]));
  readonly #tallies = new Map<string, Tally[]>(toldLogs.map((log) => [eventLogName(log), []]));
  /** By source, its last transaction. */
  readonly #committed = new Map<string, { readonly position: number; readonly logTime: string }>();

  /** Where every log ends. */
  get end(): Record<string, { readonly position: number }> {
    return Object.fromEntries([...this.#logs].map(([name, { end }]) => [name, { position: end }]));
  }

  /** By name. */
  get all(): ReadonlyMap<string, ArrayLog> {
    return this.#logs;
  }

  get readers(): MergedLog[] {
    return toldLogs.map((log) => ({ log, reader: this.#logOf(eventLogName(log)) }));
  }

  get feed(): TallyFeed {
    return { tallies: (ref, after) => this.#talliesOf(eventLogName(ref), after) };
  }

  /** @returns the events that are published now */
  append({ source, position, logTime, told }: Committed): readonly DomainEvent[] {
    this.#committed.set(source, { position, logTime });
    return toldLogs
      .filter((log) => log.source === source)
      .flatMap((log) => {
        const said = told[log.translation as 'orders' | 'stock'];
        if (said.length === 0) return [];
        const to = this.#logOf(eventLogName(log));
        to.append(
          position,
          logTime,
          said.map(({ type, keys }) => ({ type, data: { keys } })),
        );
        return eventsOf(to, position);
      });
  }

  /** A tick far behind everything, at one place of its source for all translations of it. */
  tick(): void {
    for (const log of this.#logs.values())
      log.append((this.#committed.get(log.ref.source)?.position ?? 0) + 1, timeAt(1e6), []);
  }

  /** Each log's keeper counts what came since its last tally. */
  tally(now: number): void {
    for (const [name, log] of this.#logs) {
      // Its translator tells how far it is, also where there was nothing to say.
      const last = this.#committed.get(log.ref.source);
      if (last && last.position > log.end) log.append(last.position, last.logTime, []);
      const tallies = this.#tallies.get(name) ?? [];
      const after = tallies.at(-1)?.to ?? 0;
      const end = log.lines.at(-1);
      if (!end || end.position <= after) continue;
      const counts: Record<string, number> = {};
      for (const line of log.lines) {
        if (line.position <= after || line.kind !== 'events') continue;
        for (const { type } of line.events) counts[type] = (counts[type] ?? 0) + 1;
      }
      const at = new Date(now).toISOString();
      tallies.push({ log: name, after, to: end.position, logTime: end.logTime, at, counts });
    }
  }

  async *#talliesOf(name: string, after: number): AsyncGenerator<Tally> {
    for (const tally of [...(this.#tallies.get(name) ?? [])]) if (tally.to > after) yield tally;
    await Promise.resolve();
  }

  #logOf(name: string): ArrayLog {
    const log = this.#logs.get(name);
    if (!log) throw new Error(`no log ${name}`);
    return log;
  }
}

/** The events of a position. */
export function eventsOf({ ref, lines }: ArrayLog, position: number): readonly DomainEvent[] {
  return lines.flatMap((line) =>
    line.kind === 'events' && line.position === position ? eventsOfLine(ref, line) : [],
  );
}
