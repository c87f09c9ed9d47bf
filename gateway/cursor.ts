import { z } from 'zod';

/** Where a page ended, and in what: a walk through the pages stays in one generation and one direction. */
export interface PageCursor {
  readonly generation: number;
  readonly order: 'ascending' | 'descending';
  /** The store's own cursor, which names view, index and partition, and is checked by the store. */
  readonly after: string;
}

const shape = z.tuple([z.int().positive(), z.enum(['ascending', 'descending']), z.string()]);

/** The opaque text of a cursor. */
export function writeCursor({ generation, order, after }: PageCursor): string {
  return Buffer.from(JSON.stringify([generation, order, after])).toString('base64url');
}

/** Undefined when the text is no cursor. */
export function readCursor(text: string): PageCursor | undefined {
  if (!/^[\w-]+$/.test(text)) return undefined;
  try {
    const read = shape.safeParse(JSON.parse(Buffer.from(text, 'base64url').toString()));
    if (!read.success) return undefined;
    const [generation, order, after] = read.data;
    return { generation, order, after };
  } catch {
    return undefined;
  }
}
