import type { OrderedStore, StoreWrite } from 'banyan/runtime';
import { metaKey, type StoredKey } from './key-encoding.ts';
import type { LayerEntry, LayerValue } from './layer.ts';
import { layerMemory } from './layer.ts';
import { layerEntries, scratchKey, scratchValue, type Layer } from './overlay.ts';
import type { RowCodec, RowShape } from './row-codec.ts';

/** Up to where the store has everything, and, when a write was cut off, up to where it has some. */
export interface StoredState {
  readonly position: number;
  readonly applying?: number;
}

/** How much goes into one write of the store. */
export interface ChunkLimits {
  readonly writes: number;
  readonly bytes: number;
}

const stateKey = metaKey('state');
const formatKey = metaKey('format');
const shapePrefix = metaKey('shape:');

/** What a store says about itself. */
export interface StoredMeta {
  readonly format: string | undefined;
  readonly state: StoredState;
  readonly shapes: readonly RowShape[];
}

/** Reads what a store says about itself. */
export function readMeta(store: OrderedStore): StoredMeta {
  const state = store.get(bytes(stateKey))?.toString();
  const shapes = [...store.range(bytes(shapePrefix))].map(
    ([, text]) => JSON.parse(text.toString()) as RowShape,
  );
  return {
    format: store.get(bytes(formatKey))?.toString(),
    state: state === undefined ? { position: 0 } : (JSON.parse(state) as StoredState),
    shapes,
  };
}

/** The write that says of which format a store is. */
export function formatWrite(format: string): StoreWrite {
  return write(formatKey, format);
}

/**
 * Writes a layer to the store, in as many writes as it takes, and the layer's last position with the last of them.
 * With the first of several goes the mark that the store is on its way to that position: a crash in between leaves
 * a state that is neither; applying the log from `position` up to `applying` again mends it, since each change
 * sets a row or removes it, whatever was there.
 */
export async function writeLayer(
  layer: Layer,
  from: StoredState,
  into: { main: OrderedStore; scratch: OrderedStore | undefined; codec: RowCodec; limits: ChunkLimits },
): Promise<StoredState> {
  const { main, scratch, codec, limits } = into;
  const applying = Math.max(from.applying ?? 0, layer.last);
  const reached: StoredState =
    applying > layer.last ? { position: layer.last, applying } : { position: layer.last };
  const chunks = chunked(layerEntries(layer, scratch), limits);
  let chunk = chunks.next();
  for (let first = true; chunk.done !== true; first = false) {
    // Read ahead, to know the last one.
    const following = chunks.next();
    const writes = codec.takeNew().map((shape) => write(shapeKey(shape), JSON.stringify(shape)));
    if (first && following.done !== true) {
      writes.push(write(stateKey, JSON.stringify({ position: from.position, applying })));
    }
    for (const [key, value] of chunk.value) writes.push(write(key, value));
    if (following.done === true) writes.push(write(stateKey, JSON.stringify(reached)));
    await main.write(writes);
    chunk = following;
  }
  return reached;
}

/** Moves what a layer has in memory to scratch. The layer may be read, and changed, meanwhile. */
export async function spillLayer(layer: Layer, scratch: OrderedStore, limits: ChunkLimits): Promise<void> {
  const leaving = layer.memory;
  layer.spilling = leaving;
  layer.memory = layerMemory();
  layer.spilled = true;
  for (const chunk of chunked(leaving.within(''), limits)) {
    await scratch.write(chunk.map(([key, value]) => [scratchKey(layer, key), scratchValue(value)]));
  }
  layer.spilling = undefined;
}

/** Pieces within the limits, at least one, which may be empty. */
function* chunked(entries: Iterable<LayerEntry>, limits: ChunkLimits): Generator<LayerEntry[]> {
  let chunk: LayerEntry[] = [];
  let size = 0;
  let none = true;
  for (const entry of entries) {
    if (chunk.length >= limits.writes || (size >= limits.bytes && chunk.length > 0)) {
      yield chunk;
      none = false;
      [chunk, size] = [[], 0];
    }
    chunk.push(entry);
    size += entry[0].length + (entry[1]?.length ?? 0);
  }
  if (none || chunk.length > 0) yield chunk;
}

function shapeKey(shape: RowShape): StoredKey {
  return `${shapePrefix}${String(shape.id)}`;
}

function write(key: StoredKey, value: LayerValue): StoreWrite {
  return [bytes(key), value === null ? undefined : Buffer.from(value)];
}

function bytes(key: StoredKey): Buffer {
  return Buffer.from(key, 'latin1');
}
