import { misuse } from './errors.ts';
import type { EntryWriter, LineFrame } from './log.ts';
import type { WrittenEnd } from './segment-writer.ts';

/** What an entry under way needs of its writer. */
export interface EntryHost<Payload> {
  add(frame: LineFrame, payload: Payload): void;
  ready(): Promise<void>;
  abort(): Promise<void>;
}

/** An entry of several lines under way. */
export class OpenEntry<Payload> implements EntryWriter<Payload> {
  /** Where its first line was written, once it was. */
  start: WrittenEnd | undefined;
  readonly #frame: Pick<LineFrame, 'position' | 'previous'>;
  readonly #host: EntryHost<Payload>;
  #parts = 0;
  #isOver = false;

  constructor(frame: Pick<LineFrame, 'position' | 'previous'>, host: EntryHost<Payload>) {
    this.#frame = frame;
    this.#host = host;
  }

  async write(payload: Payload): Promise<void> {
    this.#add(payload, false);
    await this.#host.ready();
  }

  async commit(payload: Payload): Promise<void> {
    this.#add(payload, true);
    this.#isOver = true;
    await this.#host.ready();
  }

  async abort(): Promise<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    await this.#host.abort();
  }

  #add(payload: Payload, last: boolean): void {
    if (this.#isOver)
      throw misuse(`The entry at position ${this.#frame.position} is already committed or aborted.`);
    this.#host.add({ ...this.#frame, part: this.#parts, last }, payload);
    this.#parts++;
  }
}
