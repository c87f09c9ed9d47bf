import { compareCursors, bytesBetween, type ChangeLogLine, type SourceDefinition } from 'banyan/cdc';
import { eventLogName, type EventLogLine } from 'banyan/events';
import { eventLogOf, logsOf, type Group } from 'banyan/catalog';
import type { AnyProjection, AtomicViewStore } from 'banyan/projections';
import { isBanyanError, silentLogger, toError, type Line, type LogReader } from 'banyan/runtime';
import type { LoadedConfig } from '../config/load-config.ts';
import { logNamed, openLog, type NamedLog } from '../commands/logs.ts';

/** How far a source was captured. */
export interface SourceStatus {
  readonly name: string;
  /** Of the newest durable entry of the change log; 0 for none. */
  readonly position: number;
  /** Its log time. */
  readonly logTime?: string;
  /** Bytes of the source's WAL behind the newest entry's cursor. */
  readonly lagBytes?: number;
  /** Bytes of WAL that the source keeps for us. */
  readonly retainedBytes?: number;
  /** Why the source could not be asked. */
  readonly problem?: string;
}

/** How far a translation is. */
export interface TranslationStatus {
  readonly name: string;
  readonly position: number;
  readonly positionsBehind: number;
  /** Log time between what was translated and what was captured. */
  readonly secondsBehind?: number;
}

/** How far a view is. */
export interface ViewStatus {
  readonly projection: string;
  readonly group: string;
  readonly generation?: number;
  readonly documents: number;
  /** Positions of the change logs that are not in the view yet. */
  readonly positionsBehind: number;
  readonly secondsBehind?: number;
}

/** Everything that `banyan status` tells. */
export interface ProjectStatus {
  readonly sources: readonly SourceStatus[];
  readonly translations: readonly TranslationStatus[];
  readonly views: readonly ViewStatus[];
}

type Heads = ReadonlyMap<string, Line<ChangeLogLine | EventLogLine> | undefined>;

/** Reads logs, sources and views; whether `banyan dev` runs makes no difference. */
export async function projectStatus(loaded: LoadedConfig): Promise<ProjectStatus> {
  const { config } = loaded;
  const heads = await headsOf(loaded);
  try {
    const sources = await Promise.all(
      Object.entries(config.sources).map(([name, definition]) => sourceStatus(name, definition, heads)),
    );
    const refs = config.groups.flatMap((group) => eventLogOf(group) ?? []);
    const translations = await Promise.all(
      refs.map(async (ref): Promise<TranslationStatus> => {
        const name = eventLogName(ref);
        const [captured, translated] = [heads.get(ref.source), heads.get(name)];
        const position = translated?.position ?? 0;
        const positionsBehind = Math.max(0, (captured?.position ?? 0) - position);
        return {
          name,
          position,
          positionsBehind,
          ...behind(positionsBehind, translated?.logTime, captured?.logTime),
        };
      }),
    );
    const views = await viewsOf(config.groups, config.views, loaded, heads);
    return { sources, translations, views };
  } finally {
    await config.views.close();
  }
}

async function headsOf(loaded: LoadedConfig): Promise<Heads> {
  const heads = new Map<string, Line<ChangeLogLine | EventLogLine> | undefined>();
  const names = [
    ...Object.keys(loaded.config.sources),
    ...loaded.config.groups.flatMap((group) => eventLogOf(group) ?? []).map(eventLogName),
  ];
  for (const name of names) heads.set(name, await headOf(logNamed(name, loaded)));
  return heads;
}

async function headOf(named: NamedLog): Promise<Line<ChangeLogLine | EventLogLine> | undefined> {
  try {
    const log = await openLog(named);
    return await log.head().finally(() => log.close());
  } catch (error) {
    // Nothing was written yet.
    if (isBanyanError(error, 'LOG_NOT_FOUND')) return undefined;
    throw error;
  }
}

async function sourceStatus(name: string, definition: SourceDefinition, heads: Heads): Promise<SourceStatus> {
  const head = heads.get(name) as Line<ChangeLogLine> | undefined;
  const known = { name, position: head?.position ?? 0, ...(head && { logTime: head.logTime }) };
  try {
    const { end, retainedBytes } = await definition.create(name, { logger: silentLogger }).lag();
    const isBehind = head !== undefined && compareCursors(end, head.cursor) > 0;
    return {
      ...known,
      retainedBytes,
      ...(head && { lagBytes: isBehind ? bytesBetween(head.cursor, end) : 0 }),
    };
  } catch (error) {
    return { ...known, problem: toError(error).message };
  }
}

async function viewsOf(
  groups: readonly Group[],
  store: AtomicViewStore,
  loaded: LoadedConfig,
  heads: Heads,
): Promise<readonly ViewStatus[]> {
  await store.prepare();
  const views: ViewStatus[] = [];
  for (const group of groups) {
    const pointer = await store.pointer(group.name);
    for (const projection of group.projections) {
      const generation = pointer?.live[projection.name];
      views.push({
        projection: projection.name,
        group: group.name,
        ...(generation === undefined
          ? { documents: 0, positionsBehind: 0 }
          : { generation, ...(await viewFigures(projection, generation, { groups, store, loaded, heads })) }),
      });
    }
  }
  return views;
}

async function viewFigures(
  projection: AnyProjection,
  number: number,
  {
    groups,
    store,
    loaded,
    heads,
  }: { groups: readonly Group[]; store: AtomicViewStore; loaded: LoadedConfig; heads: Heads },
): Promise<Pick<ViewStatus, 'documents' | 'positionsBehind' | 'secondsBehind'>> {
  const id = { projection: projection.name, number };
  const [documents, progress] = await Promise.all([store.count(id), store.progress(id)]);
  let positionsBehind = 0;
  let seconds: number | undefined = 0;
  for (const ref of logsOf(projection, groups)) {
    // Behind the change log and not the event log: a view whose translation has stopped is not up to date.
    const head = heads.get(ref.source);
    const reached = progress[eventLogName(ref)]?.position ?? 0;
    const missing = Math.max(0, (head?.position ?? 0) - reached);
    positionsBehind += missing;
    if (missing === 0) continue;
    const at = await logTimeAt(logNamed(ref.source, loaded), reached);
    const { secondsBehind } = behind(missing, at, head?.logTime);
    if (seconds !== undefined) seconds = secondsBehind && Math.max(seconds, secondsBehind);
  }
  return { documents, positionsBehind, ...(seconds !== undefined && { secondsBehind: seconds }) };
}

/** The log time of the first entry from a position on: what a reader that stands there is going to see next. */
async function logTimeAt(named: NamedLog, position: number): Promise<string | undefined> {
  const log = (await openLog(named)) as LogReader<ChangeLogLine | EventLogLine> & { close(): Promise<void> };
  try {
    for await (const [entry] of log.read({ from: Math.max(1, position), batchBytes: 1 })) {
      for (const line of entry?.lines() ?? []) return line.logTime;
    }
    return undefined;
  } finally {
    await log.close();
  }
}

function behind(
  positions: number,
  from: string | undefined,
  to: string | undefined,
): { readonly secondsBehind?: number } {
  if (positions === 0) return { secondsBehind: 0 };
  if (from === undefined || to === undefined) return {};
  return { secondsBehind: Math.max(0, (Date.parse(to) - Date.parse(from)) / 1000) };
}
