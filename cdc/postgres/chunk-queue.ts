/** What a {@link ChunkQueue} holds back when it is full. */
export interface Pausable {
  pause(): unknown;
  resume(): unknown;
}

/**
 * Chunks between a socket and their reader: bounded, since it pauses the socket above its limit until the reader has
 * taken what there is. One reader.
 */
export class ChunkQueue {
  private chunks: Buffer[] = [];
  private bytes = 0;
  private end: { readonly error: Error | undefined } | undefined;
  private wake: (() => void) | undefined;
  private paused: Pausable | undefined;
  private readonly limitBytes: number;

  constructor(limitBytes: number) {
    this.limitBytes = limitBytes;
  }

  /** Whether the socket is held back at this moment. */
  get isFull(): boolean {
    return this.paused !== undefined;
  }

  /** Keeps a copy: the protocol parser of `pg` writes over its buffer. */
  push(chunk: Buffer, from: Pausable): void {
    if (this.end !== undefined) return;
    this.chunks.push(Buffer.from(chunk));
    this.bytes += chunk.length;
    if (this.bytes > this.limitBytes && this.paused === undefined) {
      this.paused = from;
      from.pause();
    }
    this.wake?.();
  }

  /** No more comes; the reader gets what is there, then the error if there is one. The first end counts. */
  finish(error?: Error): void {
    this.end ??= { error };
    this.wake?.();
  }

  /** Forgets what is there, ends, and lets the socket run, so that it can be closed. */
  abandon(): void {
    this.finish();
    this.chunks = [];
    this.release();
  }

  /** Waits for chunks and takes all; undefined at the end. */
  async take(): Promise<readonly Buffer[] | undefined> {
    while (this.chunks.length === 0 && this.end === undefined) {
      await new Promise<void>((resolve) => (this.wake = resolve));
      this.wake = undefined;
    }
    if (this.chunks.length === 0) {
      if (this.end?.error !== undefined) throw this.end.error;
      return undefined;
    }
    const taken = this.chunks;
    this.chunks = [];
    this.release();
    return taken;
  }

  private release(): void {
    this.bytes = 0;
    this.paused?.resume();
    this.paused = undefined;
  }
}
