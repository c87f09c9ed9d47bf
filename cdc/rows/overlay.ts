import { mergeSorted, type OrderedStore } from 'banyan/runtime';
import type { StoredKey } from './key-encoding.ts';
import { layerMemory, type LayerEntry, type LayerMemory, type LayerValue } from './layer.ts';

/** Changes up to a position that the store does not have yet: in memory, and when too large, in scratch. */
export interface Layer {
  readonly id: number;
  memory: LayerMemory;
  /** On its way from memory to scratch, while it is being written. */
  spilling: LayerMemory | undefined;
  /** True when scratch holds some of the layer's changes, older than those in memory. */
  spilled: boolean;
  /** The last position whose changes are in the layer. */
  last: number;
  /** Changes and transactions taken in, whether or not they changed the same rows. */
  taken: number;
}

/**
 * What lies over the store, newest first: the open transaction; the active layer, into which committed ones are
 * merged; the frozen layers, which change no more and are written to the store, oldest first, once all of their
 * positions are settled. A layer holds one value for a key, so it can be written as a whole only.
 */
export interface Overlay {
  readonly open: Layer | undefined;
  readonly active: Layer;
  /** Newest first. */
  readonly frozen: readonly Layer[];
  /** Bytes in memory, of all layers together. */
  readonly bytes: number;
  layers(): Layer[];
  begin(position: number): Layer;
  commit(): void;
  abort(): void;
  /** Makes the active layer a frozen one, when it has taken anything. */
  freeze(): void;
  /** Takes away the oldest frozen layer, which the store has now. */
  drop(): void;
  clear(): void;
  /** The value under the key; undefined when there is none. */
  find(key: StoredKey): string | undefined;
  /** Up to `limit` entries that are there, in key order. */
  chunk(prefix: StoredKey, after: StoredKey | undefined, limit: number): LayerEntry[];
}

/** An overlay over a store, with nothing in it. */
export function overlay(main: OrderedStore, scratch: OrderedStore | undefined): Overlay {
  let ids = 0;
  const newLayer = (last: number): Layer => ({
    id: ++ids,
    memory: layerMemory(),
    spilling: undefined,
    spilled: false,
    last,
    taken: 0,
  });
  let open: Layer | undefined;
  let active = newLayer(0);
  let frozen: Layer[] = [];

  const layers = (): Layer[] => (open === undefined ? [active, ...frozen] : [open, active, ...frozen]);
  const freeze = (): void => {
    if (active.taken === 0) return;
    frozen = [active, ...frozen];
    active = newLayer(active.last);
  };

  return {
    get open() {
      return open;
    },
    get active() {
      return active;
    },
    get frozen() {
      return frozen;
    },
    get bytes() {
      return layers().reduce((sum, { memory, spilling }) => sum + memory.bytes + (spilling?.bytes ?? 0), 0);
    },
    layers,
    begin: (position) => (open = newLayer(position)),
    commit() {
      if (open === undefined) return;
      const committed = open;
      open = undefined;
      committed.taken++;
      if (committed.spilled) {
        freeze();
        frozen = [committed, ...frozen];
        active.last = committed.last;
      } else if (active.taken === 0) active = committed;
      else mergeInto(active, committed);
    },
    abort() {
      open = undefined;
    },
    freeze,
    drop() {
      frozen = frozen.slice(0, -1);
    },
    clear() {
      [open, active, frozen] = [undefined, newLayer(0), []];
    },
    find(key) {
      const over = open === undefined ? undefined : findIn(open, key, scratch);
      if (over !== undefined) return over ?? undefined;
      for (const layer of [active, ...frozen]) {
        const value = findIn(layer, key, scratch);
        if (value !== undefined) return value ?? undefined;
      }
      return main.get(Buffer.from(key, 'latin1'))?.toString();
    },
    chunk(prefix, after, limit) {
      const sources = layers().flatMap((layer) => sourcesOf(layer, scratch, prefix, after));
      const found: LayerEntry[] = [];
      for (const entry of mergeSorted([...sources, storeEntries(main, prefix, after)])) {
        if (entry[1] !== null && found.push(entry) === limit) break;
      }
      return found;
    },
  };
}

/** All changes of a layer in key order. The layer must not be written to meanwhile. */
export function layerEntries(layer: Layer, scratch: OrderedStore | undefined): Iterable<LayerEntry> {
  return mergeSorted(sourcesOf(layer, scratch, '', undefined));
}

/** The key under which scratch holds a change of a layer. */
export function scratchKey(layer: Layer, key: StoredKey): Buffer {
  const bytes = Buffer.allocUnsafe(4 + key.length);
  bytes.writeUInt32BE(layer.id);
  bytes.write(key, 4, 'latin1');
  return bytes;
}

const present = '+'.charCodeAt(0);

/** A change as scratch holds it: a removal must be told from no change. */
export function scratchValue(value: LayerValue): Buffer {
  return Buffer.from(value === null ? '-' : `+${value}`);
}

function fromScratch(value: Buffer): LayerValue {
  return value[0] === present ? value.toString('utf8', 1) : null;
}

function mergeInto(active: Layer, committed: Layer): void {
  for (const [key, value] of committed.memory.all()) active.memory.set(key, value);
  active.taken += committed.taken;
  active.last = committed.last;
}

function findIn(layer: Layer, key: StoredKey, scratch: OrderedStore | undefined): LayerValue | undefined {
  const near = layer.memory.get(key);
  if (near !== undefined) return near;
  const leaving = layer.spilling?.get(key);
  if (leaving !== undefined || !layer.spilled) return leaving;
  const far = scratch?.get(scratchKey(layer, key));
  return far === undefined ? undefined : fromScratch(far);
}

/** Newest first. */
function sourcesOf(
  layer: Layer,
  scratch: OrderedStore | undefined,
  prefix: StoredKey,
  after: StoredKey | undefined,
): Iterable<LayerEntry>[] {
  const sources = layer.memory.bytes > 0 ? [layer.memory.within(prefix, after)] : [];
  if (layer.spilling !== undefined) sources.push(layer.spilling.within(prefix, after));
  if (layer.spilled && scratch !== undefined) sources.push(scratchEntries(scratch, layer, prefix, after));
  return sources;
}

function* scratchEntries(
  scratch: OrderedStore,
  layer: Layer,
  prefix: StoredKey,
  after: StoredKey | undefined,
): Iterable<LayerEntry> {
  const behind = after === undefined ? undefined : scratchKey(layer, after);
  for (const [key, value] of scratch.range(scratchKey(layer, prefix), behind)) {
    yield [key.toString('latin1', 4), fromScratch(value)];
  }
}

function* storeEntries(
  main: OrderedStore,
  prefix: StoredKey,
  after: StoredKey | undefined,
): Iterable<LayerEntry> {
  const behind = after === undefined ? undefined : Buffer.from(after, 'latin1');
  for (const [key, value] of main.range(Buffer.from(prefix, 'latin1'), behind)) {
    yield [key.toString('latin1'), value.toString()];
  }
}
