import { encodeWindow } from './window-codec.ts';
import type { Document, Item } from './view-store.ts';

/**
 * What an item takes of a store's `itemBytes`: its document, its base's where that is another one, and its window, as
 * they are stored. Order keys and causes are not counted: an adapter leaves room for them.
 */
export function itemSize({ document, state }: Pick<Item, 'document' | 'state'>): number {
  const own = document === undefined ? 0 : documentSize(document);
  switch (state.kind) {
    case 'settled':
    case 'removed':
      return own;
    case 'open':
      return own + baseSize(state.base.document, document) + bytesOf(encodeWindow(state.window));
    case 'behind':
      return own + baseSize(state.base.document, document);
  }
}

/** Bytes of a document as compact JSON. */
export function documentSize(document: Document): number {
  return bytesOf(document);
}

function baseSize(base: Document | undefined, document: Document | undefined): number {
  return base === undefined || base === document ? 0 : documentSize(base);
}

function bytesOf(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value));
}
