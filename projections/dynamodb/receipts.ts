import { checkLimit } from '../item-rules.ts';
import { decodePlaces, encodePlaces } from '../receipt-codec.ts';
import type { EventPlace, KeptReceipt, Receipt } from '../tracker/ledger.ts';
import { deleteRows, writeRows } from './batches.ts';
import type { Dynamo, Row } from './dynamo.ts';
import { newToken, receiptShard } from './names.ts';
import { pack, packedBytes, unpack } from './packed.ts';
import type { Entry } from './registry.ts';
import { firstRows } from './sorted-rows.ts';

/*
 * A receipt is a row of its own, in one of several partitions, under an id that grows with time. l: log, z: places,
 * h: healed. The id ends in its partition, so that it can be removed by the id alone.
 */

/** Bytes that the places of a receipt take at most; of more, several receipts are made. */
const placesBytes = 300_000;

/** Keeps receipts, in order. */
export async function addReceipts(
  dynamo: Dynamo,
  { table, spread }: Entry,
  receipts: readonly Receipt[],
): Promise<void> {
  if (receipts.length === 0) return;
  const idAt = newIds(spread.receipts);
  const rows = receipts.flatMap(splitReceipt).map(({ receipt, places }, at): Row => {
    const id = idAt(at);
    return {
      ...receiptKey(id),
      l: { S: receipt.log },
      z: places,
      ...(receipt.healed && { h: { BOOL: true } }),
    };
  });
  await writeRows(dynamo, table, rows);
}

/** As `Ledger.receipts`. */
export async function readReceipts(
  dynamo: Dynamo,
  { table, spread }: Entry,
  { after, limit }: { readonly after?: string; readonly limit: number },
): Promise<KeptReceipt[]> {
  checkLimit(limit);
  const rows = await firstRows(dynamo, {
    table,
    partitions: Array.from({ length: spread.receipts }, (_, shard) => receiptShard(shard)),
    after,
    count: limit,
  });
  return rows.map(({ k, l, z, h }) => ({
    id: k?.S ?? '',
    log: l?.S ?? '',
    places: decodePlaces(unpack(z) as number[]),
    healed: h?.BOOL === true,
  }));
}

/** As `Ledger.removeReceipts`. */
export async function removeReceipts(
  dynamo: Dynamo,
  { table }: Entry,
  ids: readonly string[],
): Promise<void> {
  // An id that is not ours is none of a receipt here.
  const own = [...new Set(ids)].filter((id) => /-r\w+$/.test(id));
  await deleteRows(dynamo, table, own.map(receiptKey));
}

function splitReceipt(receipt: Receipt): { readonly receipt: Receipt; readonly places: Row[string] }[] {
  const places = pack(encodePlaces(receipt.places));
  if (packedBytes(places) <= placesBytes || receipt.places.length < 2) return [{ receipt, places }];
  const half = Math.ceil(receipt.places.length / 2);
  const parts: (readonly EventPlace[])[] = [receipt.places.slice(0, half), receipt.places.slice(half)];
  return parts.flatMap((part) => splitReceipt({ ...receipt, places: part }));
}

/** Ids of one call: by the time in microseconds, then in order, in one partition. They never come back. */
function newIds(partitions: number): (at: number) => string {
  const micros = Math.round((performance.timeOrigin + performance.now()) * 1000);
  const begin = micros.toString(36).padStart(12, '0');
  const mark = newToken();
  return (at) => {
    const partition = Math.floor(Math.random() * partitions);
    return `${begin}.${at.toString(36).padStart(6, '0')}.${mark}-${receiptShard(partition)}`;
  };
}

function receiptKey(id: string): Row {
  return { p: { S: id.slice(id.lastIndexOf('-') + 1) }, k: { S: id } };
}
