import { openChangeLog, type ChangeLog } from 'banyan/cdc';
import type { FileSystem } from 'banyan/runtime';
import { cursorAt, timeAt } from './change-entries.ts';
import { ShopModel, type Act } from './shop-model.ts';

/** A change log of the shop, and what its translation should make of it. */
export interface ShopLog {
  readonly changeLog: ChangeLog;
  /** What the model says of every event so far, in order. */
  readonly expected: readonly { readonly id: string; readonly type: string; readonly data: unknown }[];
  /** Writes more transactions, durably; one without acts is a tick. */
  happen(history: readonly (readonly Act[])[]): Promise<void>;
}

/** Begins a change log of the shop. */
export async function openShopLog(directory: string, fileSystem: FileSystem): Promise<ShopLog> {
  const changeLog = await openChangeLog({ directory, fileSystem, source: 'shop', lineBytes: 150 });
  const model = new ShopModel();
  const expected: ShopLog['expected'][number][] = [];
  const happen = async (history: readonly (readonly Act[])[]): Promise<void> => {
    for (const acts of history) {
      const { changes, events } = model.transaction(acts);
      const position = changeLog.position + 1;
      if (changes.length === 0) changeLog.tick(timeAt(position), cursorAt(position * 16));
      else {
        const append = changeLog.begin(`x${String(position)}`, timeAt(position));
        for (const change of changes) await append.add(change);
        await append.commit(cursorAt(position * 16));
      }
      events.forEach(({ type, data }, index) =>
        expected.push({ id: `shop:orders@1:${String(position)}:${String(index)}`, type, data }),
      );
    }
    await changeLog.sync();
  };
  return { changeLog, expected, happen };
}
