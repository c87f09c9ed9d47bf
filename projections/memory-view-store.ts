import { generationUnknown, lost } from './item-rules.ts';
import { deepFreeze } from './frozen.ts';
import { MemoryGeneration } from './memory-generation.ts';
import type { AtomicViewStore, GenerationId, LivePointer } from './view-store.ts';

/** What a store in memory is given. */
export interface MemoryViewsOptions {
  /** As {@link AtomicViewStore.itemBytes}: for tests of what a store with a limit asks. Default: no limit. */
  readonly itemBytes?: number;
}

/**
 * Views in this process's memory: for tests, and for views that may be built again at each start. It is lost with
 * the process, and two processes do not share it.
 */
export function createMemoryViewStore({ itemBytes }: MemoryViewsOptions = {}): AtomicViewStore {
  const generations = new Map<string, MemoryGeneration>();
  const pointers = new Map<string, LivePointer>();
  const at = (id: GenerationId): MemoryGeneration => {
    const found = generations.get(nameOf(id));
    if (!found) throw generationUnknown(id);
    return found;
  };
  return {
    ...(itemBytes !== undefined && { itemBytes }),
    prepare: async () => undefined,
    close: async () => undefined,
    createGeneration: async (generation) => {
      const found =
        generations.get(nameOf(generation)) ??
        new MemoryGeneration(deepFreeze(structuredClone(generation)), itemBytes);
      generations.set(nameOf(generation), found);
      return found.generation;
    },
    generations: async (projection) =>
      [...generations.values()]
        .map(({ generation }) => generation)
        .filter((generation) => generation.projection === projection)
        .sort((one, other) => one.number - other.number),
    changeGeneration: async (id, expected, changed) => {
      const found = at(id);
      const { kind } = found.generation.state;
      if (kind !== expected) throw lost.generation(id, expected, kind);
      found.generation = deepFreeze({ ...found.generation, ...structuredClone(changed) });
    },
    dropGeneration: async (id) => void generations.delete(nameOf(id)),
    pointer: async (group) => pointers.get(group),
    movePointer: async (group, expectedEpoch, live, past = pointers.get(group)?.past) => {
      const found = pointers.get(group)?.epoch ?? 0;
      if (found !== expectedEpoch) throw lost.pointer(group, expectedEpoch, found);
      const moved = deepFreeze({
        epoch: found + 1,
        live: { ...live },
        ...(past && structuredClone({ past })),
      });
      pointers.set(group, moved);
      return moved;
    },
    readMany: async (id, keys) => at(id).readMany(keys),
    writeMany: async (id, writes, receipts) => ({ conflicts: at(id).write(writes, receipts) }),
    commit: async (id, batch) => ({ conflicts: at(id).commit(batch) }),
    progress: async (id) => at(id).ledger.tracking.watermark,
    addReceipts: async (id, receipts) => at(id).ledger.add(receipts),
    receipts: async (id, page) => at(id).ledger.receipts(page),
    removeReceipts: async (id, ids) => at(id).ledger.remove(ids),
    tracking: async (id) => at(id).ledger.tracking,
    changeTracking: async (id, expected, next) => at(id).ledger.change(expected, next),
    query: async (id, query) => at(id).query(query),
    scan: async (id, page) => at(id).scan(page),
    troubled: async (id, trouble, page) => at(id).troubled(trouble, page),
    countTroubled: async (id, trouble, most) => at(id).countTroubled(trouble, most),
    count: async (id) => at(id).count(),
    purgeRemoved: async (id, before) => at(id).purgeRemoved(before),
  };
}

function nameOf({ projection, number }: GenerationId): string {
  return `${projection}.g${number}`;
}
