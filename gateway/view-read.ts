import type { Include, IndexRead, Item, KeyRead, ViewStore } from 'banyan/projections';
import type { Live } from './live.ts';

/** An item that took part in an answer; `revision` is undefined where none was found. */
export interface Contribution {
  readonly projection: string;
  readonly generation: number;
  readonly key: string;
  readonly revision: number | undefined;
}

/** What a read found. */
export interface Found<Result> {
  readonly result: Result;
  readonly contributions: readonly Contribution[];
  /** Whether an item of it waits for a repair: its document is the last good one. */
  readonly parked: boolean;
}

/** A page before it is answered. */
export interface ReadPage {
  readonly items: readonly object[];
  readonly next: string | null;
}

/** What page is asked for. */
export interface PageRequest {
  readonly limit: number;
  readonly after?: string | undefined;
  readonly order?: 'ascending' | 'descending' | undefined;
}

type Fields = Readonly<Record<string, unknown>>;
type Contribute = (contribution: Contribution, item: Item | undefined) => void;

/** Reads one document and what it includes; `result` is undefined where there is none. */
export async function readDocument(
  store: ViewStore,
  live: Live,
  read: KeyRead<never, unknown>,
  parameters: object,
): Promise<Found<object | undefined>> {
  const gathered = gather();
  const [result] = await joined(store, live, read, [parameters as Fields], gathered.contribute);
  return gathered.found(result ?? undefined);
}

/** Reads a page of an index and what its documents include. A read without a partition finds nothing. */
export async function readPage(
  store: ViewStore,
  live: Live,
  read: IndexRead<never, unknown>,
  parameters: object,
  request: PageRequest,
): Promise<Found<ReadPage>> {
  const gathered = gather();
  const generation = live(read.projection);
  const partition = textOf(read.partition(parameters as never));
  if (partition === undefined) return gathered.found({ items: [], next: null });
  const page = await store.query(generation, {
    index: read.index,
    partition,
    order: request.order ?? read.order,
    limit: request.limit,
    ...(request.after !== undefined && { after: request.after }),
  });
  const documents = page.items.flatMap((item) => {
    const { number, projection } = generation;
    gathered.contribute({ projection, generation: number, key: item.key, revision: item.revision }, item);
    return item.document === undefined ? [] : [item.document];
  });
  const items = await included(store, live, read.includes, documents, gathered.contribute);
  return gathered.found({ items, next: page.next ?? null });
}

function gather(): { contribute: Contribute; found: <Result>(result: Result) => Found<Result> } {
  const contributions: Contribution[] = [];
  let parked = false;
  return {
    contribute: (contribution, item) => {
      contributions.push(contribution);
      parked ||= item?.state.kind === 'behind' && item.state.cause.kind === 'parked';
    },
    found: (result) => ({ result, contributions, parked }),
  };
}

/** The document that a read finds for each of those it is made from, in one look-up; null where there is none. */
async function joined(
  store: ViewStore,
  live: Live,
  read: KeyRead<never, unknown>,
  from: readonly Fields[],
  contribute: Contribute,
): Promise<readonly (Fields | null)[]> {
  const keys = from.map((one) => textOf(read.key(one as never)));
  const wanted = [...new Set(keys.filter((key) => key !== undefined))];
  const generation = live(read.projection);
  const items = wanted.length === 0 ? new Map<string, Item>() : await store.readMany(generation, wanted);
  for (const key of wanted) {
    const item = items.get(key);
    const { projection, number } = generation;
    contribute({ projection, generation: number, key, revision: item?.revision }, item);
  }
  const there = [...items.values()].flatMap(({ key, document }) => (document ? [{ key, document }] : []));
  const whole = await included(
    store,
    live,
    read.includes,
    there.map(({ document }) => document),
    contribute,
  );
  const byKey = new Map(there.map(({ key }, at) => [key, whole[at] ?? null]));
  return keys.map((key) => (key === undefined ? null : (byKey.get(key) ?? null)));
}

/** One include after the other: the key of a later one may be made from an earlier one's document. */
async function included(
  store: ViewStore,
  live: Live,
  includes: readonly Include[],
  documents: readonly Fields[],
  contribute: Contribute,
): Promise<readonly Fields[]> {
  let whole = documents;
  for (const { name, read } of includes) {
    const found = await joined(store, live, read, whole, contribute);
    whole = whole.map((document, at) => ({ ...document, [name]: found[at] ?? null }));
  }
  return whole;
}

/** A key or partition that can be asked for; what code makes at run time may be no text. */
function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
