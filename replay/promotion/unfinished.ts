import type { LivePointer } from 'banyan/projections';
import { systemClock } from 'banyan/runtime';
import { appendHistory, operator, readHistory } from '../history/history.ts';
import { followStates } from './follow-states.ts';
import type { Move, OperationOptions } from './options.ts';

/** A move of the pointer that the audit trail does not tell of: its command was killed behind it, or is at work. */
export interface Unfinished {
  readonly action: 'promote' | 'rollback';
  readonly epoch: number;
  readonly moves: readonly Move[];
}

/** The moves of a group's pointer that are not told in the audit trail, the oldest first. */
export async function unfinishedMoves(
  options: Pick<OperationOptions, 'store' | 'directory' | 'group'>,
  pointer: LivePointer,
): Promise<readonly Unfinished[]> {
  const { store, directory, group } = options;
  const byEpoch = new Map<number, Unfinished>();
  const told = new Set((await readHistory(directory, { group })).map(nameOf));
  for (const [name, { last }] of Object.entries(pointer.past ?? {})) {
    if (!last || told.has(nameOf(last))) continue;
    const { action, epoch, from } = last;
    const to = pointer.live[name] ?? 0;
    const bundle = (await store.generations(name)).find(({ number }) => number === to)?.bundle ?? '';
    const moves = [...(byEpoch.get(epoch)?.moves ?? []), { name, from, to, bundle }];
    byEpoch.set(epoch, { action, epoch, moves });
  }
  return [...byEpoch.values()].sort((one, other) => one.epoch - other.epoch);
}

/** Brings them to their end: the states follow the pointer, and the audit trail tells of them. */
export async function finishMoves(
  options: OperationOptions,
  unfinished: readonly Unfinished[],
): Promise<void> {
  const { store, directory, group, who = operator(), clock = systemClock } = options;
  if (unfinished.length === 0) return;
  await followStates(store, group);
  for (const { action, epoch, moves: projections } of unfinished) {
    const at = new Date(clock.now()).toISOString();
    await appendHistory(directory, { at, who, action, group, projections, epoch, completed: true });
  }
}

function nameOf({ action, epoch }: { readonly action: string; readonly epoch?: number }): string {
  return `${action} ${epoch ?? ''}`;
}
