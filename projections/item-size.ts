import { jsonBytes } from './converge/limits.ts';
import type { Document, Item } from './view-store.ts';
import { encodeWindow } from './window-codec.ts';

/**
 * What an item takes of a store's `itemBytes`: its document, its base's where that is another one, and its window, as
 * they are stored. Order keys and causes are not counted: an adapter leaves room for them.
 */
export function itemSize({ document, state }: Pick<Item, 'document' | 'state'>): number {
  switch (state.kind) {
    case 'settled':
    case 'removed':
      return jsonBytes(document);
    case 'open':
      return documentsSize(document, state.base.document) + jsonBytes(encodeWindow(state.window));
    case 'behind':
      return documentsSize(document, state.base.document);
  }
}

function documentsSize(document: Document | undefined, base: Document | undefined): number {
  return jsonBytes(document) + (base === document ? 0 : jsonBytes(base));
}
