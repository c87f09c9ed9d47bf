import {
  compareOrderKeys,
  eventLogName,
  logEnds,
  type DomainEvent,
  type LogEnds,
  type MergedLog,
} from 'banyan/events';
import type { Bounds } from '../converge/bounds.ts';
import { converge, entriesOf } from '../converge/converge.ts';
import { isTooLarge, limitsOf, type ConvergeLimits } from '../converge/limits.ts';
import { keysOf } from '../keys.ts';
import type { AnyProjection } from '../projection.ts';
import { nextRevision } from '../revision.ts';
import type { Generation, Item, ItemState, ItemWrite, ViewStore } from '../view-store.ts';
import { beginningOf } from './beginning.ts';
import { itemOf, KeyFold } from './key-fold.ts';
import { frontierOfEnds, readAll } from './read-logs.ts';

/** What is to be caught up. */
export interface CatchUpOptions {
  /** With the code that built the generation. */
  readonly projection: AnyProjection;
  readonly generation: Generation;
  readonly store: ViewStore;
  /** The generation's event logs. */
  readonly logs: readonly MergedLog[];
  /** Up to a thousand; those that are not behind are left alone. */
  readonly keys: readonly string[];
  /** Ids of events that are left out. */
  readonly skip?: ReadonlySet<string>;
  /** Default: those of the store. */
  readonly limits?: ConvergeLimits;
}

/** What became of the keys. */
export interface CaughtUp {
  /** These go on as any other. */
  readonly caughtUp: readonly string[];
  /** One of their events cannot be applied. */
  readonly parked: readonly string[];
  /** Left for the next time: somebody else changed them meanwhile, or too much came for them. */
  readonly left: readonly string[];
}

/** An item that is behind. */
type Behind = Item & { readonly state: Extract<ItemState, { kind: 'behind' }> };

/** How often an item is read again that takes events while it is written. */
const attempts = 16;

/**
 * Brings keys that are behind up to the ends of the event logs, which are read once for all of them.
 *
 * While a key is behind its events are dropped, since the log has them. So that none is dropped just when the log has
 * been read: the log is read to its end, the item is told to keep what comes from now on, the log is read to where it
 * ends then, and what the item kept comes on top. It may be stopped anywhere and run again, and by several at once.
 * @throws BanyanError LOG_CORRUPT, LOG_UNSETTLED (retryable); errors of the store
 */
export async function catchUp(options: CatchUpOptions): Promise<CaughtUp> {
  const { generation, store, keys } = options;
  const wanted = [...new Set(keys)];
  const items = await store.readMany(generation, wanted);
  // In the order of the keys, whatever the store's is: people read what comes of it.
  const behind = wanted.map((key) => items.get(key)).filter(isBehind);
  if (behind.length === 0) return { caughtUp: [], parked: [], left: [] };
  const none: Pick<CaughtUp, 'caughtUp' | 'parked'> = { caughtUp: [], parked: [] };
  const ends = await knownEnds(options);
  if (!ends) return { ...none, left: behind.map(({ key }) => key) };
  const folds = await foldAll(options, behind, ends);
  const { handed, parked } = await handOver(options, behind, folds);
  const later = handed.length > 0 ? await knownEnds(options, ends) : undefined;
  const ended = later ? await finish(options, handed, later) : none;
  const done = new Set([...parked, ...ended.parked, ...ended.caughtUp]);
  const left = behind.map(({ key }) => key).filter((key) => !done.has(key));
  return { caughtUp: ended.caughtUp, parked: [...parked, ...ended.parked], left };
}

/**
 * Where the logs end. An event that the view was brought before is in there: a reader sees all that was durable. Undefined:
 * one of them ends before what the view has had of it, or before where it ended, so it is an older copy.
 * @throws BanyanError LOG_UNSETTLED (retryable)
 */
async function knownEnds(
  { store, generation, logs }: CatchUpOptions,
  before: LogEnds = {},
): Promise<LogEnds | undefined> {
  const { watermark, done } = await store.tracking(generation);
  const ends = await logEnds(logs);
  const seesAll = logs.every(({ log }) => {
    const name = eventLogName(log);
    const had = [watermark[name]?.position, done[name]?.at(-1)?.to, before[name]?.position];
    return had.every((position = 0) => (ends[name]?.position ?? 0) >= position);
  });
  return seesAll ? ends : undefined;
}

function isBehind(item: Item | undefined): item is Behind {
  return item?.state.kind === 'behind';
}

/** What was folded of each key. */
type Folds = ReadonlyMap<string, KeyFold>;

async function foldAll(options: CatchUpOptions, items: readonly Behind[], ends: LogEnds): Promise<Folds> {
  const { projection, store, logs, limits = limitsOf(store), skip } = options;
  const folds = new Map(
    items.map(({ key, state }) => [key, new KeyFold(projection, key, state.base, limits)]),
  );
  if (items.length === 0) return folds;
  const from = await beginningOf(
    logs,
    items.map(({ state }) => state.base.at),
  );
  const isSkipped = ({ id }: DomainEvent): boolean => skip?.has(id) === true;
  const types = new Set(projection.handlers.keys());
  for await (const { kind, events } of readAll(logs, { from, to: ends, types })) {
    for (const [fold, some] of byFold(projection, folds, events)) {
      if (kind === 'ordered') fold.fold(some, isSkipped);
      else fold.keep(some.filter((event) => !isSkipped(event)));
    }
  }
  return folds;
}

function byFold(
  projection: AnyProjection,
  folds: ReadonlyMap<string, KeyFold>,
  events: readonly DomainEvent[],
): ReadonlyMap<KeyFold, readonly DomainEvent[]> {
  const found = new Map<KeyFold, DomainEvent[]>();
  for (const event of events) {
    const told = keysOf(projection, event);
    // Whose key cannot be told concerns the projection, which is parked for it.
    if (told.kind === 'failed') continue;
    for (const key of told.keys) {
      const fold = folds.get(key);
      if (!fold) continue;
      const some = found.get(fold);
      if (some) some.push(event);
      else found.set(fold, [event]);
    }
  }
  return found;
}

/** What a catch-up has told an item: from this revision on it keeps what comes. */
interface HandedOver {
  readonly item: Behind;
  readonly since: number;
}

/** Writes how far the items have come, and tells those that can come further to keep what is delivered from now on. */
async function handOver(
  options: CatchUpOptions,
  items: readonly Behind[],
  folds: Folds,
): Promise<{ readonly handed: readonly HandedOver[]; readonly parked: readonly string[] }> {
  const { store, limits = limitsOf(store) } = options;
  const writes = items.flatMap((item) => {
    const fold = folds.get(item.key);
    const state = fold && behindAt(item, fold, limits);
    return state ? [writeOf(options, item, { document: state.base.document, state })] : [];
  });
  const { conflicts } =
    writes.length > 0 ? await options.store.writeMany(options.generation, writes) : { conflicts: [] };
  const handed: HandedOver[] = [];
  const parked: string[] = [];
  for (const { item } of writes) {
    if (conflicts.includes(item.key) || !isBehind(item)) continue;
    const { kept, cause } = item.state;
    if (kept) handed.push({ item, since: kept.since });
    else if (cause.kind === 'parked') parked.push(item.key);
  }
  return { handed, parked };
}

/** The item as far as it was folded; undefined: it is there already. */
function behindAt(
  { revision, state }: Behind,
  fold: KeyFold,
  limits: ConvergeLimits,
): Behind['state'] | undefined {
  const { base, beyond, parked } = fold;
  if (parked) return { kind: 'behind', base, cause: parked };
  const { cause } = state;
  if (beyond !== undefined) {
    const anew: Behind['state'] = {
      ...{ kind: 'behind', base, cause },
      kept: { since: nextRevision(revision, ''), events: [] },
    };
    const more: Behind['state'] = { ...anew, ...(state.kept && { kept: state.kept }) };
    // What was kept may be dropped: the log is read once more behind this write.
    return isTooLarge({ document: base.document, state: more }, limits) ? anew : more;
  }
  // There is more than an item holds, until a log that lags lets the base move up.
  const isSame = state.base.at === base.at && !state.kept;
  return isSame ? undefined : { kind: 'behind', base, cause };
}

/** Reads to these ends, and puts what the items kept meanwhile on top, as long as others change them. */
async function finish(
  options: CatchUpOptions,
  handed: readonly HandedOver[],
  ends: LogEnds,
): Promise<Pick<CaughtUp, 'caughtUp' | 'parked'>> {
  const { generation, store, logs } = options;
  const folds = await foldAll(
    options,
    handed.map(({ item }) => item),
    ends,
  );
  const frontier = frontierOfEnds(logs, ends);
  const bounds: Bounds = {
    isCovered: ({ id }) => options.skip?.has(id) === true,
    isSettled: (at) => frontier !== undefined && compareOrderKeys(at, frontier) < 0,
    nothingBefore: undefined,
  };
  const caughtUp: string[] = [];
  const parked: string[] = [];
  const since = new Map(handed.map(({ item, since }) => [item.key, since]));
  let pending = [...since.keys()];
  for (let attempt = 1; pending.length > 0 && attempt <= attempts; attempt += 1) {
    const items = await store.readMany(generation, pending);
    const writes = pending.flatMap((key) => {
      const [fold, item] = [folds.get(key), items.get(key)];
      if (!fold || !isBehind(item) || !hasKept(item, since.get(key))) return [];
      return ended(options, fold, item, bounds) ?? [];
    });
    if (writes.length === 0) break;
    const { conflicts } = await store.writeMany(generation, writes);
    for (const { item } of writes) {
      if (conflicts.includes(item.key)) continue;
      if (item.state.kind !== 'behind') caughtUp.push(item.key);
      else if (item.state.cause.kind === 'parked') parked.push(item.key);
    }
    pending = [...conflicts];
  }
  return { caughtUp, parked };
}

/** Whether nothing that came since that revision was dropped. */
function hasKept({ state: { kept } }: Behind, since: number | undefined): boolean {
  return kept !== undefined && since !== undefined && kept.since <= since;
}

/** The item with all that is known; undefined: there is more than an item holds. */
function ended(
  options: CatchUpOptions,
  { base, beyond, parked }: KeyFold,
  item: Behind,
  bounds: Bounds,
): ItemWrite | undefined {
  const { projection, store, limits = limitsOf(store) } = options;
  const { document } = base;
  if (parked) return writeOf(options, item, { document, state: { kind: 'behind', base, cause: parked } });
  if (beyond === undefined) return undefined;
  const { key, revision, state } = item;
  const open: Item = { key, revision, ...documentOf(document), state: { kind: 'open', base, window: [] } };
  const events = [...beyond, ...(state.kept?.events ?? [])];
  const result = converge(projection, key, open, events, bounds, limits);
  if (result.kind === 'changed')
    return { item: result.item, expected: revision, indexEntries: result.indexEntries };
  const plain = itemOf(key, base);
  return plain && writeOf(options, item, { document, state: plain.state });
}

function writeOf(
  { projection }: CatchUpOptions,
  { key, revision }: Item,
  { document, state }: { readonly document: Item['document']; readonly state: ItemState },
): ItemWrite {
  const item: Item = { key, revision: nextRevision(revision, ''), ...documentOf(document), state };
  return { item, expected: revision, indexEntries: document ? entriesOf(projection, document) : [] };
}

function documentOf(document: Item['document']): Pick<Item, 'document'> {
  return document === undefined ? {} : { document };
}
