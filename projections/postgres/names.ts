import { createHash } from 'node:crypto';
import type { GenerationId } from '../view-store.ts';

/** Longest name that Postgres keeps, in bytes. */
const longest = 63;

/** An identifier as it stands in SQL, whatever is in it. */
export function quoted(...path: readonly string[]): string {
  return path.map((name) => `"${name.replaceAll('"', '""')}"`).join('.');
}

/** The table of a generation: `order-summary.g3`. */
export function tableOf({ projection, number }: GenerationId): string {
  return fitted(projection, `.g${number}`);
}

/** The table of a generation's receipts: `order-summary.g3.receipts`. */
export function receiptsOf({ projection, number }: GenerationId): string {
  return fitted(projection, `.g${number}.receipts`);
}

/** The columns of an index in that table. */
export function columnsOf(index: string): { readonly partition: string; readonly sort: string } {
  return { partition: fitted(index, ':partition'), sort: fitted(index, ':sort') };
}

/**
 * A name that fits and means nothing to SQL or its builder; a long or unusual one is cut, and ends in a hash of the
 * whole, so that two of them stay apart.
 */
function fitted(name: string, ending: string): string {
  const usual = /^[\w-]*$/.test(name);
  if (usual && name.length + ending.length <= longest) return name + ending;
  const hash = createHash('sha256').update(name).digest('hex').slice(0, 12);
  return `${name.replace(/[^\w-]/g, '_').slice(0, longest - ending.length - 13)}~${hash}${ending}`;
}
