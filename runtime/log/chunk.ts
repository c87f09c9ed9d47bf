import zlib from 'node:zlib';
import { crcPrefixBytes, crcText, durableBytes, frameText } from './frame.ts';
import type { LineFrame } from './log.ts';
import type { Place } from './segment-name.ts';
import type { WrittenEnd } from './segment-writer.ts';

const noCrc = '{"crc":"00000000",';
const noDurable = `"durable":${'0'.repeat(16)},`;

/** A line whose payload is parsed when asked for. */
export interface NewestLine {
  readonly frame: LineFrame;
  /** JSON text of the payload. */
  readonly payload: string;
}

/** An entry of several lines: where its first was written, once it was. */
export interface ChunkEntry {
  start: WrittenEnd | undefined;
}

/**
 * Lines encoded for one write. A chunk holds entries of one line, or lines of one longer entry; so its end is
 * either the end of an entry or in the midst of one.
 */
export class Chunk {
  readonly start: Place;
  /** The longer entry whose lines these are. */
  readonly entry: ChunkEntry | undefined;
  #newest: NewestLine;
  #bytes: Buffer;
  #size = 0;
  #firstSize = 0;

  /** `memory` is where lines are encoded, if there is room: that of a chunk which is written. */
  constructor(
    first: LineFrame,
    entry: ChunkEntry | undefined,
    memory: Buffer = Buffer.allocUnsafeSlow(4096),
  ) {
    this.start = { position: first.position, part: first.part };
    this.entry = entry;
    this.#newest = { frame: first, payload: '{}' };
    this.#bytes = memory;
  }

  get newest(): NewestLine {
    return this.#newest;
  }

  get size(): number {
    return this.#size;
  }

  get memory(): Buffer {
    return this.#bytes;
  }

  add(frame: LineFrame, payload: string): void {
    const rest = payload === '{}' ? '}' : `,${payload.slice(1)}`;
    const isFirst = this.#size === 0;
    const text = `${noCrc}${isFirst ? noDurable : ''}${frameText(frame)}${rest}\n`;
    this.#makeRoom(text.length * 3);
    const start = this.#size;
    this.#size += this.#bytes.write(text, start);
    // The first line is completed when the chunk is written: only then is known what is durable.
    if (isFirst) this.#firstSize = this.#size;
    else this.#writeCrc(start, this.#size);
    this.#newest = { frame, payload };
  }

  /** The bytes to write, once everything up to `durable` is durable. */
  finish(durable: number): Buffer {
    const told = String(durable).padEnd(16);
    this.#bytes.write(told, crcPrefixBytes + durableBytes - 1 - told.length, 'latin1');
    this.#writeCrc(0, this.#firstSize);
    return this.#bytes.subarray(0, this.#size);
  }

  #writeCrc(start: number, end: number): void {
    const crc = zlib.crc32(this.#bytes.subarray(start + crcPrefixBytes, end - 1));
    this.#bytes.write(crcText(crc), start + 8, 'latin1');
  }

  #makeRoom(bytes: number): void {
    if (this.#bytes.length - this.#size >= bytes) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(this.#bytes.length * 2, this.#size + bytes));
    this.#bytes.copy(larger, 0, 0, this.#size);
    this.#bytes = larger;
  }
}
