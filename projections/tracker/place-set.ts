import type { EventPlace } from './ledger.ts';

/** Bits of a whole number that JavaScript keeps in bit operations, less the sign. */
const few = 31;

/**
 * Places of events in one log, each once. Places of one position are bits, since a transaction may have millions of
 * events: 125 bytes a thousand of them.
 */
export class PlaceSet {
  readonly #positions = new Map<number, number | Uint32Array>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  has({ position, index }: EventPlace): boolean {
    const bits = this.#positions.get(position);
    if (bits === undefined) return false;
    if (typeof bits === 'number') return index < few && (bits & (1 << index)) !== 0;
    return ((bits[index >>> 5] ?? 0) & (1 << (index & 31))) !== 0;
  }

  /** Whether it was not there. */
  add(place: EventPlace): boolean {
    if (this.has(place)) return false;
    const { position, index } = place;
    const bits = this.#positions.get(position) ?? 0;
    if (typeof bits === 'number' && index < few) this.#positions.set(position, bits | (1 << index));
    else {
      const wide = widened(bits, index);
      wide[index >>> 5] = (wide[index >>> 5] ?? 0) | (1 << (index & 31));
      this.#positions.set(position, wide);
    }
    this.#size += 1;
    return true;
  }

  /** All of them, by position and index. */
  *[Symbol.iterator](): Generator<EventPlace, void> {
    for (const position of [...this.#positions.keys()].sort((one, other) => one - other)) {
      const bits = this.#positions.get(position) ?? 0;
      const words = typeof bits === 'number' ? 1 : bits.length;
      for (let index = 0; index < words * 32; index += 1) {
        if (this.has({ position, index })) yield { position, index };
      }
    }
  }
}

function widened(bits: number | Uint32Array, index: number): Uint32Array {
  const words = (index >>> 5) + 1;
  if (typeof bits !== 'number' && bits.length >= words) return bits;
  const wide = new Uint32Array(Math.max(words, typeof bits === 'number' ? 2 : bits.length * 2));
  if (typeof bits === 'number') wide[0] = bits;
  else wide.set(bits);
  return wide;
}
