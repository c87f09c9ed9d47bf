import { BanyanError } from 'banyan/runtime';
import { escapeText, unescapeText } from '../index-key.ts';
import { decodeState, encodeState } from '../item-codec.ts';
import { purgeableSince, troubleOf } from '../item-state.ts';
import type { Document, GenerationId, IndexSpec, Item, ItemWrite } from '../view-store.ts';

/** A row as it is read. */
export interface ItemRow {
  readonly key: string;
  /** A bigint, which `pg` gives as text. */
  readonly revision: string;
  readonly document: Document | null;
  readonly state: unknown;
}

/** The item in a row. */
export function itemOf({ key, revision, document, state }: ItemRow): Item {
  const item = { key: unescapeText(key), revision: Number(revision) };
  if (document === null) return { ...item, state: decodeState(state, undefined) };
  return { ...item, document, state: decodeState(state, document) };
}

/**
 * A write as one JSON object, the row of the input of a statement: r revision, e expected, d document, s state, m made
 * of, t0 key, t1 purgeable since, t2 trouble, then partition and sort of each index. What is null is left out.
 * @throws BanyanError DOCUMENT_NOT_STORABLE
 */
export function inputOf(id: GenerationId, indexes: readonly IndexSpec[], write: ItemWrite): string {
  const { item, expected, indexEntries, madeOf } = write;
  const document = item.document === undefined ? 'null' : JSON.stringify(item.document);
  if (item.document !== undefined) checkStorable(id, item.key, document, item.document);
  const places = indexes.flatMap(({ name }) => {
    const entry = indexEntries.find(({ index }) => index === name);
    return entry ? [escapeText(entry.partition), entry.sort] : [undefined, undefined];
  });
  const texts = [escapeText(item.key), purgeableSince(item), troubleOf(item.state), ...places]
    .map((text, at) => (text === undefined ? '' : `,"t${at}":${JSON.stringify(text)}`))
    .join('');
  // Text within the text: Postgres reads the escapes of the outer one, and would refuse those of an event's data.
  const state = JSON.stringify(JSON.stringify(encodeState(item.state, item.document)));
  const condition = expected === undefined ? madeOfText(madeOf) : `,"e":${expected}`;
  return `{"r":${item.revision},"d":${document},"s":${state}${condition}${texts}}`;
}

function madeOfText(madeOf: ItemWrite['madeOf']): string {
  return madeOf === undefined ? '' : `,"m":${JSON.stringify(madeOf)}`;
}

/** Text that `jsonb` refuses, as JSON.stringify writes it: U+0000, and a surrogate without its partner. */
const unstorable = /\\u0000|\\ud[89a-f]/;

function checkStorable(id: GenerationId, key: string, json: string, document: Document): void {
  // The quick look may find a backslash that stands for itself; the second look is sure.
  if (!unstorable.test(json)) return;
  const path = pathOfUnstorable(document, '$');
  if (path === undefined) return;
  throw new BanyanError(
    'DOCUMENT_NOT_STORABLE',
    `The document of view ${id.projection} under key ${JSON.stringify(key)} has text at ${path} with U+0000 or half of ` +
      'a surrogate pair, which Postgres cannot store. Clean the text in the handler (`toWellFormed()`, `replaceAll`).',
    { details: { projection: id.projection, generation: id.number, key, path } },
  );
}

/** U+0000, or a surrogate without its partner (with one it is no surrogate to a `u` pattern). */
const refused = /\0|\p{Surrogate}/u;

function pathOfUnstorable(value: unknown, path: string): string | undefined {
  if (typeof value === 'string') return refused.test(value) ? path : undefined;
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [name, inner] of Object.entries(value)) {
    if (refused.test(name)) return `${path} (a name)`;
    const found = pathOfUnstorable(inner, Array.isArray(value) ? `${path}[${name}]` : `${path}.${name}`);
    if (found !== undefined) return found;
  }
  return undefined;
}
