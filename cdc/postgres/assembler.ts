import type { Cursor, Row } from '../change.ts';
import type { SourceChange, SourceMessage } from '../source.ts';
import { formatLsn, type Lsn } from './lsn.ts';
import type { PgoutputMessage, Tuple } from './pgoutput.ts';
import { isoOfPostgresTime } from './postgres-time.ts';
import { rowOf, type Shape, type ShapeBook } from './shapes.ts';

/** Where the stream is between two messages. */
type State =
  | { readonly kind: 'between' }
  /** Begun by the source; told to the reader with its first change, so that empty transactions are not told. */
  | { readonly kind: 'begun'; readonly xid: number; readonly committedAt: bigint }
  | { readonly kind: 'told' }
  /** In the log already. */
  | { readonly kind: 'skipped' };

const between: State = { kind: 'between' };

/** Turns the messages of `pgoutput` into those of the source port. No I/O but what {@link ShapeBook} asks. */
export class Assembler {
  /** A logical message was seen: somebody waits for its position, so ask the server where it is. */
  sawMarker = false;
  private state: State = between;
  private readonly history: Pick<Cursor, 'system' | 'timeline'>;
  private readonly after: Lsn;
  private readonly shapes: ShapeBook;
  private last: Lsn;
  private lastClock = 0n;

  constructor(history: Pick<Cursor, 'system' | 'timeline'>, after: Lsn, shapes: ShapeBook) {
    this.history = { system: history.system, timeline: history.timeline };
    this.after = after;
    this.last = after;
    this.shapes = shapes;
  }

  /** Adds what the message stands for to `out`. Must be awaited when it returns a promise. */
  accept(message: PgoutputMessage, out: SourceMessage[]): Promise<void> | undefined {
    switch (message.tag) {
      case 'begin':
        // A cursor is the END of a commit record: a commit that begins at or behind it is not in the log.
        this.state =
          message.finalLsn < this.after
            ? { kind: 'skipped' }
            : { kind: 'begun', xid: message.xid, committedAt: message.committedAt };
        return undefined;
      case 'commit':
        if (this.state.kind === 'told') out.push({ kind: 'commit', cursor: this.cursorAt(message.endLsn) });
        this.state = between;
        return undefined;
      case 'relation':
        return this.shapes.learn(message.relation);
      case 'message':
        this.sawMarker = true;
        return undefined;
      case 'other':
        return undefined;
      case 'truncate':
        for (const id of message.relationIds)
          this.tell({ op: 'truncate', table: this.shapes.get(id).table }, out);
        return undefined;
      default:
        if (this.state.kind !== 'skipped')
          this.tell(changeOf(message, this.shapes.get(message.relationId)), out);
        return undefined;
    }
  }

  /** A keepalive between transactions says that nothing is missing below its position. */
  acceptKeepalive(walEnd: Lsn, clock: bigint, out: SourceMessage[]): void {
    if (this.state.kind !== 'between' || (walEnd <= this.last && clock <= this.lastClock)) return;
    this.lastClock = clock;
    const cursor = this.cursorAt(walEnd > this.last ? walEnd : this.last);
    out.push({ kind: 'idle', cursor, at: isoOfPostgresTime(clock) });
  }

  private tell(change: SourceChange, out: SourceMessage[]): void {
    if (this.state.kind === 'skipped') return;
    if (this.state.kind === 'begun') {
      const { xid, committedAt } = this.state;
      out.push({ kind: 'begin', xid: String(xid), committedAt: isoOfPostgresTime(committedAt) });
      this.state = { kind: 'told' };
    }
    out.push({ kind: 'change', change });
  }

  private cursorAt(lsn: Lsn): Cursor {
    this.last = lsn;
    return { ...this.history, lsn: formatLsn(lsn) };
  }
}

type RowMessage = Extract<PgoutputMessage, { readonly relationId: number }>;

function changeOf(message: RowMessage, shape: Shape): SourceChange {
  const { table } = shape;
  switch (message.tag) {
    case 'insert':
      return { op: 'insert', table, after: rowOf(shape, message.after) };
    case 'delete':
      return { op: 'delete', table, old: oldRow(shape, message.old.whole, message.old.values) };
    case 'update': {
      const { old } = message;
      // Under FULL the old row is whole, and an unchanged value that was not sent is in it.
      const values =
        old?.whole === true
          ? message.after.map((text, i) => (text === undefined ? old.values[i] : text))
          : message.after;
      const unchanged = values.includes(undefined)
        ? shape.names.filter((_name, index) => values[index] === undefined)
        : [];
      return {
        op: 'update',
        table,
        ...(old === undefined ? {} : { old: oldRow(shape, old.whole, old.values) }),
        after: rowOf(shape, values),
        ...(unchanged.length === 0 ? {} : { unchanged }),
      };
    }
  }
}

/** Of an old row that is not whole, only the key columns mean anything: the others are sent as NULL. */
function oldRow(shape: Shape, whole: boolean, values: Tuple): Row {
  return rowOf(shape, values, whole ? undefined : shape.identity);
}
