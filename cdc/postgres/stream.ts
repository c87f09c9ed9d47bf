import { closeAll, once, type Closeable } from 'banyan/runtime';
import type { Cursor } from '../change.ts';
import type { SourceMessage, SourceStream } from '../source.ts';
import { Assembler } from './assembler.ts';
import { parseLsn, type Lsn } from './lsn.ts';
import { decodePgoutput } from './pgoutput.ts';
import { decodeFrame } from './replication-frames.ts';
import type { ShapeBook } from './shapes.ts';
import type { Walsender } from './walsender.ts';

/** What a stream is made of. */
export interface StreamParts {
  /** What the log has, or where the snapshot is. */
  readonly after: Cursor;
  readonly shapes: ShapeBook;
  /** The snapshot's batches, read before anything is streamed, and what closes it at any time. */
  readonly snapshot:
    { readonly batches: AsyncIterable<readonly SourceMessage[]>; readonly end: Closeable } | undefined;
  /** Begins to follow the slot. */
  readonly follow: () => Promise<Walsender>;
  /** Closes the stream. */
  readonly signal: AbortSignal;
}

/** Messages in one batch, at most. */
const batchSize = 1000;

/** The snapshot, if there is one, then the slot. */
export class PostgresStream implements SourceStream {
  readonly messages: AsyncIterable<readonly SourceMessage[]>;
  readonly close = once(() => this.stop());
  private readonly parts: StreamParts;
  private walsender: Walsender | undefined;
  private acknowledged: Lsn;
  private closed = false;
  private readonly abort = (): void => void this.close();

  constructor(parts: StreamParts, walsender: Walsender | undefined) {
    this.parts = parts;
    this.walsender = walsender;
    this.acknowledged = parseLsn(parts.after.lsn);
    this.messages = this.read();
    parts.signal.addEventListener('abort', this.abort);
    if (parts.signal.aborted) this.abort();
  }

  acknowledge(cursor: Cursor): void {
    const lsn = parseLsn(cursor.lsn);
    if (lsn > this.acknowledged) this.acknowledged = lsn;
    this.walsender?.acknowledge(this.acknowledged);
  }

  private async *read(): AsyncGenerator<readonly SourceMessage[], void, undefined> {
    try {
      if (this.parts.snapshot !== undefined) {
        yield* this.parts.snapshot.batches;
        await this.parts.snapshot.end.close();
      }
      if (!this.closed) yield* this.stream();
    } catch (error) {
      // Closing tears connections down; what breaks by it is no failure.
      if (!this.closed) throw error;
    }
  }

  private async *stream(): AsyncGenerator<readonly SourceMessage[], void, undefined> {
    const walsender = (this.walsender ??= await this.parts.follow());
    if (this.closed) return walsender.close();
    walsender.acknowledge(this.acknowledged);
    const assembler = new Assembler(this.parts.after, parseLsn(this.parts.after.lsn), this.parts.shapes);
    let batch: SourceMessage[] = [];
    for (let frames = await walsender.take(); frames !== undefined; frames = await walsender.take()) {
      for (const frame of frames) {
        const waiting = accept(frame, assembler, batch);
        if (waiting !== undefined) await waiting;
        if (batch.length < batchSize) continue;
        yield batch;
        batch = [];
      }
      if (assembler.sawMarker) walsender.ask();
      assembler.sawMarker = false;
      if (batch.length === 0) continue;
      yield batch;
      batch = [];
    }
  }

  private async stop(): Promise<void> {
    this.closed = true;
    this.parts.signal.removeEventListener('abort', this.abort);
    const open = [this.parts.snapshot?.end, this.walsender].filter((one) => one !== undefined);
    await closeAll(open);
  }
}

function accept(bytes: Buffer, assembler: Assembler, out: SourceMessage[]): Promise<void> | undefined {
  const frame = decodeFrame(bytes);
  if (frame?.kind === 'data') return assembler.accept(decodePgoutput(frame.payload), out);
  if (frame?.kind === 'keepalive') assembler.acceptKeepalive(frame.walEnd, frame.clock, out);
  return undefined;
}
