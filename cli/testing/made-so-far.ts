import { eventLogName, type EventLogLine, type EventLogRef } from 'banyan/events';
import { eventLogDirectory, readRebuildRecord, type RebuildStep } from 'banyan/replay';
import { isBanyanError, nodeFileSystem, openLogReader } from 'banyan/runtime';

/** How far a start has come, by what it is: `event log`, and each part of each view. */
export type Made = Readonly<Record<string, number>>;

/** Positions that are translated into the log, and folded from it into the second generations; what can be told of it. */
export async function madeSoFar(
  directory: string,
  log: EventLogRef,
  projections: readonly string[],
): Promise<Made> {
  const made: Record<string, number> = { 'event log': await headOf(directory, log) };
  for (const projection of projections) {
    const record = await readRebuildRecord(nodeFileSystem, directory, { projection, number: 2 });
    foldedBy(record?.step, log).forEach(
      (position, part) => (made[`${projection} ${String(part)}`] = position),
    );
  }
  return made;
}

/** What has become less. */
export function lessThan(now: Made, before: Made): readonly string[] {
  return Object.entries(now).flatMap(([name, position]) =>
    position < (before[name] ?? 0) ? [`${name}: ${String(position)} after ${String(before[name])}`] : [],
  );
}

function foldedBy(step: RebuildStep | undefined, log: EventLogRef): readonly number[] {
  // Two workers, two parts.
  if (step?.kind === 'done') return [Infinity, Infinity];
  if (step?.kind !== 'folding') return [];
  return step.partitions.map((progress) => progress[eventLogName(log)]?.position ?? 0);
}

/** The last position of an event log, whoever was killed at it. */
async function headOf(directory: string, log: EventLogRef): Promise<number> {
  try {
    const reader = await openLogReader<EventLogLine>({
      directory: eventLogDirectory(directory, log),
      fileSystem: nodeFileSystem,
    });
    const head = await reader.head().finally(() => reader.close());
    return head?.position ?? 0;
  } catch (error) {
    if (isBanyanError(error, 'LOG_NOT_FOUND')) return 0;
    throw error;
  }
}
