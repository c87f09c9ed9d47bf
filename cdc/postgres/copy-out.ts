import type { Submittable } from 'pg';
import { ChunkQueue } from './chunk-queue.ts';
import type { Session, Wire } from './connection.ts';

/** How to run a statement whose answer is a copy stream. */
export interface CopyOutOptions {
  readonly bufferBytes: number;
  /** The event by which `pg` tells that the copy begins. */
  readonly answer: 'copyOutResponse' | 'replicationStart';
  /** Looks at a chunk before it is queued; false keeps it out of the queue. Must not keep the chunk. */
  readonly accept?: (chunk: Buffer) => boolean;
  /** Makes the error that the reader gets. */
  readonly failure: (error: unknown) => Error;
}

/**
 * A statement answered by CopyData messages: `COPY ... TO STDOUT` and `START_REPLICATION`. `pg` runs it like a query
 * of its own. Back-pressure goes down to the socket.
 */
export class CopyOut implements Submittable {
  readonly queue: ChunkQueue;
  /** Settles when the server has begun to copy, or refused to. */
  readonly started: Promise<void>;
  private readonly text: string;
  private readonly options: CopyOutOptions;
  private wire: Wire | undefined;
  private begin!: () => void;
  private refuse!: (error: Error) => void;

  constructor(text: string, options: CopyOutOptions) {
    this.text = text;
    this.options = options;
    this.queue = new ChunkQueue(options.bufferBytes);
    this.started = new Promise((resolve, reject) => {
      this.begin = resolve;
      this.refuse = reject;
    });
  }

  /** Runs the statement; resolves once the server copies. */
  static async start(session: Session, text: string, options: CopyOutOptions): Promise<CopyOut> {
    const copy = new CopyOut(text, options);
    session.client.query(copy);
    await copy.started;
    return copy;
  }

  /** Sends a chunk the other way, as replication does. */
  send(chunk: Buffer): void {
    this.wire?.sendCopyFromChunk(chunk);
  }

  submit(connection: unknown): void {
    const wire = connection as Wire;
    this.wire = wire;
    wire.once(this.options.answer, this.begin);
    wire.query(this.text);
  }

  handleCopyData(message: { readonly chunk: Buffer }): void {
    if (this.wire === undefined || this.options.accept?.(message.chunk) === false) return;
    this.queue.push(message.chunk, this.wire.stream);
  }

  handleError(error: unknown): void {
    const failure = this.options.failure(error);
    this.refuse(failure);
    this.queue.finish(failure);
  }

  handleReadyForQuery(): void {
    this.begin();
    this.queue.finish();
  }

  // The rest of what `pg` may call on a query. START_REPLICATION ends with a row when the timeline has ended.
  handleCommandComplete(): void {}
  handleRowDescription(): void {}
  handleDataRow(): void {}
  handleEmptyQuery(): void {}
  handlePortalSuspended(): void {}
}
