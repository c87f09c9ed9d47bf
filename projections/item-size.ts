import type { DomainEvent } from 'banyan/events';
import { jsonBytes } from './json-document.ts';
import type { Document, ItemState } from './view-store.ts';
import { encodeWindow } from './window-codec.ts';

/** The parts of an item that take room. */
export interface SizedItem {
  readonly document?: Document | undefined;
  readonly state: ItemState;
}

/**
 * What an item takes of a store's `itemBytes`: its document, its base's where that is another one, and its events, as
 * they are stored. Order keys and causes are not counted: an adapter leaves room for them.
 */
export function itemSize({ document, state }: SizedItem): number {
  switch (state.kind) {
    case 'settled':
    case 'removed':
      return jsonBytes(document);
    case 'open':
      return documentsSize(document, state.base.document) + eventsSize(state.window);
    case 'behind':
      return documentsSize(document, state.base.document) + (state.kept ? eventsSize(state.kept.events) : 0);
  }
}

function documentsSize(document: Document | undefined, base: Document | undefined): number {
  return jsonBytes(document) + (base === document ? 0 : jsonBytes(base));
}

function eventsSize(events: readonly DomainEvent[]): number {
  return jsonBytes(encodeWindow(events));
}
