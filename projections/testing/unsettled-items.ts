import type { Base, Document, Item, Stuck, Trouble } from '../view-store.ts';
import { exampleEvent } from './counters.ts';
import { at } from './examples.ts';

/*
 * Items that an unordered bus leaves behind, for the suites of this room.
 */

/** What is wrong with the example event at a position. */
function stuckAt(position: number): Stuck {
  return { eventId: exampleEvent(position, 'T', {}).id, code: 'HANDLER_THREW', message: 'it threw "\\' };
}

/** An open item with a window of the events at those positions, and a document when there is one. */
export function open(
  key: string,
  revision: number,
  positions: readonly number[],
  given: { readonly document?: Document; readonly doubt?: number; readonly base?: Base } = {},
): Item {
  const { document, doubt, base = { document: undefined, at: undefined } } = given;
  const window = positions.map((position) => exampleEvent(position, 'T', { key }));
  const state = { kind: 'open', base, window } as const;
  return {
    key,
    revision,
    ...(document && { document }),
    state: doubt === undefined ? state : { ...state, doubt: stuckAt(doubt) },
  };
}

/** A parked item: its document is its base's. */
export function parked(key: string, revision: number, document: Document = { of: revision }): Item {
  const base = { document, at: at(revision) };
  return {
    key,
    revision,
    document,
    state: { kind: 'behind', base, cause: { kind: 'parked', ...stuckAt(revision + 1) } },
  };
}

/** An item in that trouble. */
export function troubledItem(key: string, revision: number, trouble: Trouble): Item {
  switch (trouble) {
    case 'doubt':
      return open(key, revision, [revision], { doubt: revision });
    case 'parked':
      return parked(key, revision);
    case 'window': {
      const base = { document: undefined, at: at(revision) };
      return {
        key,
        revision,
        document: { of: revision },
        state: { kind: 'behind', base, cause: { kind: 'window' } },
      };
    }
  }
}
