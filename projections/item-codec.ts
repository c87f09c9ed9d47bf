import type { DomainEvent, OrderKey } from 'banyan/events';
import { BanyanError, type JsonValue } from 'banyan/runtime';
import type { Base, BehindCause, Document, ItemState } from './view-store.ts';

/*
 * The stored form of an item's state: arrays without names, since the state of a settled item is kept beside every
 * document. {"kind":"settled","at":{...}} is 130 bytes, ["s",...] is 60.
 */
type StoredKey = readonly [string, string, number, string, number];

/** The state as compact JSON, for any store. */
export function encodeState(state: ItemState): JsonValue {
  switch (state.kind) {
    case 'settled':
      return ['s', ...encodeKey(state.at)];
    case 'removed':
      return ['r', ...encodeKey(state.at)];
    case 'open':
      return ['o', ...encodeBase(state.base), state.window as unknown as JsonValue];
    case 'behind':
      return ['b', ...encodeBase(state.base), encodeCause(state.cause)];
  }
}

/** The inverse of {@link encodeState}. */
export function decodeState(stored: unknown): ItemState {
  const [kind, ...fields] = stored as [string, ...unknown[]];
  switch (kind) {
    case 's':
      return { kind: 'settled', at: decodeKey(fields) };
    case 'r':
      return { kind: 'removed', at: decodeKey(fields) };
    case 'o':
      return { kind: 'open', base: decodeBase(fields), window: fields[2] as readonly DomainEvent[] };
    case 'b':
      return { kind: 'behind', base: decodeBase(fields), cause: decodeCause(fields[2]) };
    default:
      throw new BanyanError(
        'ITEM_UNREADABLE',
        `A stored item has the state ${JSON.stringify(kind)}; expected s, r, o or b. A newer Banyan wrote it: use that one.`,
      );
  }
}

function encodeKey(at: OrderKey): StoredKey {
  return [at.logTime, at.source, at.position, at.translation, at.index];
}

function decodeKey(fields: readonly unknown[]): OrderKey {
  const [logTime, source, position, translation, index] = fields as unknown as StoredKey;
  return { logTime, source, position, translation, index };
}

function encodeBase({ document, at }: Base): [JsonValue, JsonValue] {
  return [document ?? null, at === undefined ? null : encodeKey(at)];
}

function decodeBase([document, at]: readonly unknown[]): Base {
  return {
    document: (document as Document | null) ?? undefined,
    at: at === null ? undefined : decodeKey(at as readonly unknown[]),
  };
}

function encodeCause(cause: BehindCause): JsonValue {
  return cause.kind === 'window' ? 'w' : ['p', cause.eventId, cause.code, cause.message];
}

function decodeCause(stored: unknown): BehindCause {
  if (stored === 'w') return { kind: 'window' };
  const [, eventId, code, message] = stored as [string, string, string, string];
  return { kind: 'parked', eventId, code, message };
}
