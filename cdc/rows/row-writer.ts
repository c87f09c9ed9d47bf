import type { OrderedStore } from 'banyan/runtime';
import type { Layer, Overlay } from './overlay.ts';
import type { RowCodec } from './row-codec.ts';
import type { RowStoreLimits } from './row-store.ts';
import { spillLayer, writeLayer, type StoredState } from './stored-layer.ts';

/** Moves layers from the overlay to the store, and to scratch where there is no room; one piece of work at a time. */
export interface RowWriter {
  readonly state: StoredState;
  /** Begins to write in the background, when a frozen layer is settled. */
  wake(): void;
  settle(position: number): void;
  ready(): Promise<void>;
  flush(): Promise<void>;
  /** Runs after the work under way; the store is empty then. */
  clear(empty: () => Promise<void>): Promise<void>;
  close(): Promise<void>;
}

/** What a writer works on. */
export interface RowWriterParts {
  readonly main: OrderedStore;
  readonly scratch: OrderedStore | undefined;
  readonly over: Overlay;
  readonly limits: RowStoreLimits;
  readonly codec: () => RowCodec;
  readonly state: StoredState;
}

/** A writer at rest. */
export function rowWriter(parts: RowWriterParts): RowWriter {
  const { main, scratch, over } = parts;
  const chunks = { writes: parts.limits.writeChanges, bytes: parts.limits.writeBytes };
  let state = parts.state;
  let settled = state.position;
  /** True when scratch holds, or may hold, something. */
  let scratchUsed = false;
  let work: Promise<void> = Promise.resolve();
  let writing: Promise<void> | undefined;
  let failure: { readonly error: unknown; told: boolean } | undefined;

  const next = (run: () => Promise<void>): Promise<void> => {
    work = work.then(async () => {
      if (failure !== undefined) return;
      try {
        await run();
      } catch (error) {
        failure = { error, told: false };
      }
    });
    return work;
  };
  const throwFailure = (): void => {
    if (failure === undefined) return;
    failure.told = true;
    throw failure.error;
  };

  /** The oldest frozen layer, when everything in it is settled. */
  const due = (): Layer | undefined => {
    const oldest = over.frozen.at(-1);
    return oldest !== undefined && oldest.last <= settled ? oldest : undefined;
  };
  const writeDue = (): Promise<void> =>
    (writing ??= next(async () => {
      for (let layer = due(); layer !== undefined; layer = due()) {
        state = await writeLayer(layer, state, { main, scratch, codec: parts.codec(), limits: chunks });
        over.drop();
      }
      await main.flush();
      await tidyScratch();
    }).finally(() => {
      writing = undefined;
    }));
  const wake = (): void => {
    if (due() !== undefined) void writeDue();
  };

  const tidyScratch = async (): Promise<void> => {
    if (!scratchUsed || scratch === undefined || over.layers().some((layer) => layer.spilled)) return;
    scratchUsed = false;
    await scratch.clear();
  };
  const spillLargest = (into: OrderedStore): Promise<void> =>
    next(async () => {
      await tidyScratch();
      const [largest] = over.layers().sort((a, b) => b.memory.bytes - a.memory.bytes);
      if (largest === undefined || over.bytes <= parts.limits.memoryBytes) return;
      scratchUsed = true;
      await spillLayer(largest, into, chunks);
    });

  const flush = async (): Promise<void> => {
    over.freeze();
    // Work under way may have looked before the layer was frozen, or settled.
    while (due() !== undefined && failure === undefined) await writeDue();
    await next(() => main.flush());
    throwFailure();
  };

  return {
    get state() {
      return state;
    },
    wake,
    settle(position) {
      settled = Math.max(settled, position);
      wake();
    },
    async ready() {
      throwFailure();
      while (over.bytes > parts.limits.memoryBytes && failure === undefined) {
        if (due() !== undefined) await writeDue();
        else if (scratch === undefined) break;
        else await spillLargest(scratch);
      }
      throwFailure();
    },
    flush,
    async clear(empty) {
      await next(async () => {
        await empty();
        [state, settled, scratchUsed] = [{ position: 0 }, 0, false];
        await scratch?.clear();
      });
      throwFailure();
    },
    async close() {
      if (failure === undefined) await flush();
      else if (!failure.told) throwFailure();
      await work;
    },
  };
}
