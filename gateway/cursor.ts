import { z } from 'zod';

/** Where a page ended, and in what: a walk through the pages stays in its generations and in one direction. */
export interface PageCursor {
  /** The generation of every view that the pages are made of, the included ones too. */
  readonly generations: Readonly<Record<string, number>>;
  readonly order: 'ascending' | 'descending';
  /** The store's own cursor, which names view, index and partition, and is checked by the store. */
  readonly after: string;
}

const generation = z.tuple([z.string(), z.int().positive()]);
const shape = z.tuple([z.array(generation), z.enum(['ascending', 'descending']), z.string()]);

/** The opaque text of a cursor. */
export function writeCursor({ generations, order, after }: PageCursor): string {
  const text = JSON.stringify([Object.entries(generations), order, after]);
  return Buffer.from(text).toString('base64url');
}

/** Undefined when the text is no cursor. */
export function readCursor(text: string): PageCursor | undefined {
  if (!/^[\w-]+$/.test(text)) return undefined;
  try {
    const read = shape.safeParse(JSON.parse(Buffer.from(text, 'base64url').toString()));
    if (!read.success) return undefined;
    const [generations, order, after] = read.data;
    return { generations: Object.fromEntries(generations), order, after };
  } catch {
    return undefined;
  }
}
