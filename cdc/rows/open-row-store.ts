import { BanyanError, closeAll, once, type JsonValue } from 'banyan/runtime';
import type { Row } from '../change.ts';
import {
  indexValuesPrefix,
  leadingPrefix,
  rowKey,
  rowKeyOfEntry,
  tablePrefix,
  type StoredKey,
} from './key-encoding.ts';
import { overlay, type Layer } from './overlay.ts';
import { rowCache } from './row-cache.ts';
import { rowCodec } from './row-codec.ts';
import { entryKeys, findIndex, hasValues, indexFormat, indexTable, leadingValues } from './row-index.ts';
import { defaultRowStoreLimits, type RowStore, type RowStoreOptions } from './row-store.ts';
import { rowWriter } from './row-writer.ts';
import { formatWrite, readMeta, type StoredMeta } from './stored-layer.ts';

/** Opens a row store; what it is and how to use it is told at {@link RowStore}. */
export async function openRowStore(options: RowStoreOptions): Promise<RowStore> {
  const { store: main, scratch, keys = {} } = options;
  const limits = { ...defaultRowStoreLimits, ...options.limits };
  const indexes = indexTable(options.indexes ?? {}, keys);
  const format = indexFormat(indexes);

  let meta = readMeta(main);
  if (meta.format !== format) meta = await emptied();
  await scratch?.clear();
  let codec = rowCodec(meta.shapes);
  let committed = meta.state.position;
  const over = overlay(main, scratch);
  const writer = rowWriter({ main, scratch, over, limits, codec: () => codec, state: meta.state });
  const cache = rowCache(limits.cacheBytes);
  const prefixes = new Map<string, StoredKey>();

  async function emptied(): Promise<StoredMeta> {
    await main.clear();
    await main.write([formatWrite(format)]);
    return readMeta(main);
  }

  const prefixOf = (table: string): StoredKey => {
    let prefix = prefixes.get(table);
    if (prefix === undefined) prefixes.set(table, (prefix = tablePrefix(table)));
    return prefix;
  };
  const find = (key: StoredKey): Row | undefined => {
    const text = over.find(key);
    return text === undefined ? undefined : codec.decode(text);
  };
  const findCached = (key: StoredKey): Row | undefined => {
    const known = cache.get(key);
    if (known !== undefined) return known;
    const text = over.find(key);
    if (text === undefined) return undefined;
    const row = codec.decode(text);
    cache.keep(key, row, text);
    return row;
  };
  const recovering = (): number | undefined => {
    const { applying } = writer.state;
    return applying !== undefined && committed < applying ? applying : undefined;
  };
  const readable = (): void => {
    const until = recovering();
    if (until !== undefined) throw notRecovered(committed, until);
  };

  /** Sets or removes a row and its index entries. */
  const change = (layer: Layer, table: string, key: StoredKey, row: Row | undefined): void => {
    const ways = indexes.get(table);
    if (ways !== undefined) {
      const before = entryKeys(ways, key, find(key));
      const after = entryKeys(ways, key, row);
      for (let at = 0; at < ways.length; at++) {
        const [old, now] = [before[at], after[at]];
        // While recovering, a row may be there whose entry is not: its entry is set again even if it is the same.
        if (old === now && recovering() === undefined) continue;
        if (old !== undefined) layer.memory.set(old, null);
        if (now !== undefined) layer.memory.set(now, '');
      }
    }
    cache.forget(key);
    layer.memory.set(key, row === undefined ? null : codec.encode(row));
    layer.taken++;
  };

  /** Entries in key order. Read in chunks, so that everything may change between two of them. */
  function* scan(prefix: StoredKey): Generator<readonly [StoredKey, string]> {
    let after: StoredKey | undefined;
    for (let size = 16; ; size = Math.min(size * 4, 512)) {
      const chunk = over.chunk(prefix, after, size);
      for (const [key, text] of chunk) yield [key, text ?? ''];
      if (chunk.length < size) return;
      after = chunk.at(-1)?.[0];
    }
  }

  /** Rows by the first columns of their key. */
  function* byLeading(table: string, values: readonly JsonValue[]): Generator<Row> {
    const columns = (keys[table] ?? []).slice(0, values.length);
    for (const [, text] of scan(leadingPrefix(prefixOf(table), values))) {
      const row = codec.decode(text);
      if (hasValues(columns, row, values)) yield row;
    }
  }

  return {
    get position() {
      return writer.state.position;
    },
    get committed() {
      return committed;
    },
    get recovering() {
      return recovering();
    },
    begin(position) {
      if (over.open !== undefined || position <= committed)
        throw outOfOrder(over.open?.last, committed, position);
      over.begin(position);
    },
    put(table, key, row) {
      change(openLayer(over.open), table, rowKey(prefixOf(table), key), row);
    },
    remove(table, key) {
      change(openLayer(over.open), table, rowKey(prefixOf(table), key), undefined);
    },
    *drain(table) {
      readable();
      for (const [key, text] of scan(prefixOf(table))) {
        change(openLayer(over.open), table, key, undefined);
        yield codec.decode(text);
      }
    },
    commit() {
      committed = openLayer(over.open).last;
      over.commit();
      if (over.active.memory.bytes >= limits.flushBytes || over.active.taken >= limits.flushChanges)
        over.freeze();
      writer.wake();
    },
    abort() {
      over.abort();
      cache.clear();
    },
    get(table, key) {
      readable();
      const stored = rowKey(prefixOf(table), key);
      return limits.cacheBytes > 0 ? findCached(stored) : find(stored);
    },
    *rows(table) {
      readable();
      for (const [, text] of scan(prefixOf(table))) yield codec.decode(text);
    },
    *byIndex(table, columns, values) {
      readable();
      const leading = leadingValues(keys[table], columns, values);
      if (leading !== undefined) {
        yield* byLeading(table, leading);
        return;
      }
      const asked = findIndex(indexes, table, columns, values);
      const prefix = indexValuesPrefix(asked.index.prefix, asked.values);
      for (const [entry] of scan(prefix)) {
        const row = find(rowKeyOfEntry(entry, prefix));
        if (row !== undefined && hasValues(asked.index.columns, row, asked.values)) yield row;
      }
    },
    settle: (position) => {
      writer.settle(position);
    },
    get full() {
      return over.bytes > limits.memoryBytes;
    },
    ready: () => writer.ready(),
    flush: () => writer.flush(),
    async clear() {
      over.clear();
      cache.clear();
      await writer.clear(async () => {
        await emptied();
        codec = rowCodec([]);
        committed = 0;
      });
    },
    close: once(async () => {
      over.abort();
      try {
        await writer.close();
      } finally {
        await closeAll(scratch === undefined ? [main] : [main, scratch]);
      }
    }),
  };
}

function openLayer(layer: Layer | undefined): Layer {
  if (layer !== undefined) return layer;
  throw new BanyanError('ROWS_OUT_OF_ORDER', 'Rows are changed within a transaction only: call begin first.');
}

function outOfOrder(open: number | undefined, committed: number, given: number): BanyanError {
  const expected =
    open === undefined
      ? `a position above ${String(committed)}, the last one committed`
      : `commit or abort of ${String(open)}, which is open`;
  return new BanyanError('ROWS_OUT_OF_ORDER', `Cannot begin ${String(given)}: expected ${expected}.`, {
    details: { given, committed, open: open ?? null },
  });
}

function notRecovered(committed: number, until: number): BanyanError {
  return new BanyanError(
    'ROWS_RECOVERING',
    `The rows are applied up to ${String(committed)}, and a write up to ${String(until)} was cut off. Apply the ` +
      `log's transactions up to ${String(until)} before reading.`,
    { details: { committed, until } },
  );
}
