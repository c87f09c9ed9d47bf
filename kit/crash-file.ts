/**
 * A file's content twice: as running processes see it, and as it would be found after a power failure.
 * What was written since the last sync is lost or kept page by page.
 */
export class CrashFile {
  readonly #pageBytes: number;
  #content = Buffer.alloc(256);
  #durable = Buffer.alloc(0);
  #size = 0;
  #durableSize = 0;
  readonly #dirty = new Set<number>();

  constructor(pageBytes: number) {
    this.#pageBytes = pageBytes;
  }

  get size(): number {
    return this.#size;
  }

  read(offset: number, length: number): Buffer {
    const end = Math.min(this.#size, offset + length);
    return Buffer.from(this.#content.subarray(Math.min(offset, end), end));
  }

  append(bytes: Uint8Array): void {
    const end = this.#size + bytes.length;
    this.#content = grown(this.#content, end);
    this.#content.set(bytes, this.#size);
    this.#touch(this.#size, end);
    this.#size = end;
  }

  truncate(size: number): void {
    this.#content = grown(this.#content, size);
    this.#content.fill(0, Math.min(size, this.#size));
    this.#touch(Math.min(size, this.#size), Math.max(size, this.#size));
    this.#size = size;
  }

  sync(): void {
    this.#durable = grown(this.#durable, this.#size);
    for (const page of this.#dirty) this.#keepPage(page);
    this.#dirty.clear();
    this.#durableSize = this.#size;
  }

  /** The power fails: each page written since the last sync survives or not; what never reached the disk is zeros. */
  crash(random: () => number): void {
    const [least, most] = [Math.min(this.#size, this.#durableSize), Math.max(this.#size, this.#durableSize)];
    const between = least + Math.floor(random() * (most - least + 1));
    const size = [this.#size, this.#durableSize, between][Math.floor(random() * 3)] ?? between;
    this.#durable = grown(this.#durable, Math.max(size, this.#size));
    const luck = random();
    for (const page of this.#dirty) if (random() < luck) this.#keepPage(page);
    this.#durable.fill(0, size);
    this.#content = Buffer.from(this.#durable);
    this.#size = this.#durableSize = size;
    this.#dirty.clear();
  }

  #touch(from: number, to: number): void {
    if (from === to) return;
    const last = Math.floor((to - 1) / this.#pageBytes);
    for (let page = Math.floor(from / this.#pageBytes); page <= last; page++) this.#dirty.add(page);
  }

  #keepPage(page: number): void {
    const from = page * this.#pageBytes;
    this.#content.copy(this.#durable, from, from, Math.min(from + this.#pageBytes, this.#content.length));
  }
}

/** The same bytes with room for `size`, zeros behind them. */
function grown(buffer: Buffer<ArrayBuffer>, size: number): Buffer<ArrayBuffer> {
  if (buffer.length >= size) return buffer;
  const larger = Buffer.alloc(Math.max(size, buffer.length * 2));
  buffer.copy(larger);
  return larger;
}
