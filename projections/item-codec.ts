import type { OrderKey } from 'banyan/events';
import { BanyanError, type JsonValue } from 'banyan/runtime';
import type { Base, BehindCause, Document, ItemState, Stuck } from './view-store.ts';
import { decodeWindow, encodeWindow } from './window-codec.ts';

/*
 * The stored form of an item's state: arrays without names, since the state of a settled item is kept beside every
 * document. {"kind":"settled","at":{...}} is 130 bytes, ["s",...] is 60.
 */
type StoredKey = readonly [string, string, number, string, number];

/** Stands for a base's document which is that of the item: a parked item would hold it twice. */
const sameDocument = 1;

/** The state as compact JSON, for any store. @param document the item's */
export function encodeState(state: ItemState, document: Document | undefined): JsonValue {
  switch (state.kind) {
    case 'settled':
      return ['s', ...encodeKey(state.at)];
    case 'removed':
      return ['r', ...encodeKey(state.at)];
    case 'open': {
      const doubt = state.doubt ? [encodeStuck(state.doubt)] : [];
      return ['o', ...encodeBase(state.base, document), encodeWindow(state.window), ...doubt];
    }
    case 'behind':
      return [
        'b',
        ...encodeBase(state.base, document),
        encodeCause(state.cause),
        ...(state.kept ? [state.kept.since, encodeWindow(state.kept.events)] : []),
      ];
  }
}

/** The inverse of {@link encodeState}. @param document the item's */
export function decodeState(stored: unknown, document: Document | undefined): ItemState {
  const [kind, ...fields] = stored as [string, ...unknown[]];
  switch (kind) {
    case 's':
      return { kind: 'settled', at: decodeKey(fields) };
    case 'r':
      return { kind: 'removed', at: decodeKey(fields) };
    case 'o': {
      const [, , window, doubt] = fields;
      const open = {
        kind: 'open',
        base: decodeBase(fields, document),
        window: decodeWindow(window),
      } as const;
      return doubt === undefined ? open : { ...open, doubt: decodeStuck(doubt) };
    }
    case 'b': {
      const [, , cause, since, events] = fields;
      const behind = {
        kind: 'behind',
        base: decodeBase(fields, document),
        cause: decodeCause(cause),
      } as const;
      return since === undefined
        ? behind
        : { ...behind, kept: { since: since as number, events: decodeWindow(events) } };
    }
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

function encodeBase(base: Base, document: Document | undefined): [JsonValue, JsonValue] {
  const own = base.document !== undefined && base.document === document ? sameDocument : base.document;
  return [own ?? null, base.at === undefined ? null : encodeKey(base.at)];
}

function decodeBase([own, at]: readonly unknown[], document: Document | undefined): Base {
  return {
    document: own === sameDocument ? document : ((own as Document | null) ?? undefined),
    at: at === null ? undefined : decodeKey(at as readonly unknown[]),
  };
}

function encodeStuck({ eventId, code, message }: Stuck): [string, string, string] {
  return [eventId, code, message];
}

function decodeStuck(stored: unknown): Stuck {
  const [eventId, code, message] = stored as [string, string, string];
  return { eventId, code, message };
}

function encodeCause(cause: BehindCause): JsonValue {
  return cause.kind === 'window' ? 'w' : ['p', ...encodeStuck(cause)];
}

function decodeCause(stored: unknown): BehindCause {
  if (stored === 'w') return { kind: 'window' };
  return { kind: 'parked', ...decodeStuck((stored as readonly unknown[]).slice(1)) };
}
