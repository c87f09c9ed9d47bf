import { compareCursors, bytesBetween, type ChangeLogLine, type SourceDefinition } from 'banyan/cdc';
import { eventLogName, type EventLogRef } from 'banyan/events';
import { eventLogOf } from 'banyan/catalog';
import { registeredTranslations } from 'banyan/replay';
import { silentLogger, toError, type Line } from 'banyan/runtime';
import { changeLog, eventLog } from '../commands/logs.ts';
import type { LoadedConfig } from '../config/load-config.ts';
import { replayProjectOf } from '../config/replay-project.ts';
import { hasCommit, type Feeding } from '../dev/feeding.ts';
import { viewsAhead, type AheadView } from '../replaced-logs.ts';
import { publishedDirectory } from '../run/published-directory.ts';
import { behind, headOf, type Heads } from './heads.ts';
import { runnerOf, type Runner } from './runner.ts';
import { viewStatuses, type ViewStatus } from './view-status.ts';

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
  /** Up to which position it was published onto the bus of the configuration; absent before anything was. */
  readonly published?: number;
  /** Positions of the event log that are not published yet, where some are published. */
  readonly unpublished?: number;
}

/** Everything that `banyan status` tells. */
export interface ProjectStatus {
  /** How `banyan dev` feeds the views, `--chaos` apart: what their store can do decides. */
  readonly feeding: Feeding;
  /** What runs, as far as this machine can tell. */
  readonly runs: Runner;
  /** Whether the configuration names a bus for functions. */
  readonly publishes: boolean;
  readonly sources: readonly SourceStatus[];
  readonly translations: readonly TranslationStatus[];
  readonly views: readonly ViewStatus[];
  /** Views that another log than the present one has built. */
  readonly ahead: readonly AheadView[];
}

/** Reads logs, sources and views; whether `banyan dev` runs makes no difference. */
export async function projectStatus(loaded: LoadedConfig): Promise<ProjectStatus> {
  const { config } = loaded;
  try {
    const refs = await translationsOf(loaded);
    const heads = await headsOf(loaded, refs);
    const sources = await Promise.all(
      Object.entries(config.sources).map(([name, definition]) => sourceStatus(name, definition, heads)),
    );
    const translations = await Promise.all(refs.map((ref) => translationStatus(ref, heads, loaded)));
    const project = await replayProjectOf(loaded);
    return {
      feeding: hasCommit(config.views) ? 'ordered' : 'unordered',
      runs: await runnerOf(loaded.directory),
      publishes: config.delivery !== undefined,
      ...{ sources, translations },
      views: await viewStatuses(loaded, project, heads),
      ahead: await viewsAhead(project),
    };
  } finally {
    await config.views.close();
  }
}

/** The versions that run or are being built, and those that the code names. */
async function translationsOf({ config, directory }: LoadedConfig): Promise<readonly EventLogRef[]> {
  const registered = (await registeredTranslations(directory)).filter(({ state }) => state !== 'retired');
  const refs = [
    ...registered.map(({ ref }) => ref),
    ...config.groups.flatMap((group) => eventLogOf(group) ?? []),
  ];
  return [...new Map(refs.map((ref) => [eventLogName(ref), ref])).values()];
}

async function translationStatus(
  ref: EventLogRef,
  heads: Heads,
  loaded: LoadedConfig,
): Promise<TranslationStatus> {
  const name = eventLogName(ref);
  const [captured, translated] = [heads.get(ref.source), heads.get(name)];
  const position = translated?.position ?? 0;
  const positionsBehind = Math.max(0, (captured?.position ?? 0) - position);
  return {
    name,
    position,
    positionsBehind,
    ...behind(positionsBehind, translated?.logTime, captured?.logTime),
    ...(await publishedStatus(ref, position, loaded)),
  };
}

async function publishedStatus(
  ref: EventLogRef,
  end: number,
  { config, directory }: LoadedConfig,
): Promise<Pick<TranslationStatus, 'published' | 'unpublished'>> {
  const cursor = await config.delivery?.published?.(publishedDirectory(directory, ref));
  if (!cursor) return {};
  // Within a transaction the position itself is not done.
  const published = cursor.index === undefined ? cursor.position : cursor.position - 1;
  return { published, unpublished: Math.max(0, end - published) };
}

async function headsOf(loaded: LoadedConfig, refs: readonly EventLogRef[]): Promise<Heads> {
  const logs = [
    ...Object.keys(loaded.config.sources).map((source) => changeLog(source, loaded)),
    ...refs.map((ref) => eventLog(ref, loaded)),
  ];
  return new Map(await Promise.all(logs.map(async (log) => [log.name, await headOf(log)] as const)));
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
