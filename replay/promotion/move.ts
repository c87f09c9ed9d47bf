import type { LivePointer } from 'banyan/projections';
import { BanyanError, isBanyanError, systemClock } from 'banyan/runtime';
import type { JsonObject } from 'banyan/runtime';
import { appendHistory, operator } from '../history/history.ts';
import { isRefusal, refuse, type Choice } from './choose.ts';
import { followStates } from './follow-states.ts';
import { movedPointer } from './moved-pointer.ts';
import type { Move, MovePlan, MoveResult, OperationOptions, Refusal } from './options.ts';

/** The choices for a set of projections, and why it may not be done. */
export interface Decision {
  readonly choices: readonly Choice[];
  readonly refusals: readonly Refusal[];
}

/** Parts what was chosen from what was refused. */
export function decide(chosen: readonly (Choice | Refusal)[]): Decision {
  return {
    choices: chosen.filter((one): one is Choice => !isRefusal(one)),
    refusals: chosen.filter(isRefusal),
  };
}

/**
 * The group's pointer.
 * @throws BanyanError REPLAY_UNKNOWN when the group has none
 */
export async function pointerOf({ store, group }: OperationOptions): Promise<LivePointer> {
  const pointer = await store.pointer(group);
  if (pointer) return pointer;
  throw refused(
    [
      refuse(
        'REPLAY_UNKNOWN',
        '',
        `Group ${group} has no live views yet. Start banyan dev, which makes the first ones.`,
      ),
    ],
    group,
  );
}

/** The error of a refused operation: the code of the first refusal, the texts of all. */
export function refused(refusals: readonly Refusal[], group: string): BanyanError {
  const [first] = refusals;
  return new BanyanError(first?.code ?? 'REPLAY_REFUSED', refusals.map(({ message }) => message).join('\n'), {
    retryable: refusals.every(({ code }) => code === 'REPLAY_BEHIND'),
    details: { group, refusals: refusals.map(({ code, projection }) => ({ code, projection })) },
  });
}

/** What would be done. */
export function planOf(
  group: string,
  pointer: LivePointer,
  { choices, refusals }: Decision,
  completes: boolean,
): MovePlan {
  return { group, epoch: pointer.epoch, moves: choices.map(moveOf), refusals, completes };
}

/** One projection's change, for people. */
function moveOf({ name, live, next }: Choice): Move {
  return { name, from: live.number, to: next.number, bundle: next.bundle };
}

/** What goes into the audit trail besides the moves. */
export interface MoveNotes {
  readonly why: string | undefined;
  readonly forced: boolean;
  readonly figures: JsonObject | undefined;
}

/**
 * Moves the pointer for all at once, lets the states follow, and tells the audit trail. From the pointer on it is
 * done, whatever happens behind it: asked again, the same command brings it to its end.
 * @throws BanyanError REPLAY_CONFLICT when another operator moved the pointer since it was read
 */
export async function moveAll(
  options: OperationOptions,
  pointer: LivePointer,
  action: 'promote' | 'rollback',
  choices: readonly Choice[],
  notes: MoveNotes,
): Promise<MoveResult> {
  const { store, directory, group, who = operator(), clock = systemClock } = options;
  options.signal?.throwIfAborted();
  const { live, past } = movedPointer(pointer, action, choices);
  const moved = await unlessConflict(group, () => store.movePointer(group, pointer.epoch, live, past));
  await followStates(store, group);
  const moves = choices.map(moveOf);
  await appendHistory(directory, {
    at: new Date(clock.now()).toISOString(),
    who,
    action,
    group,
    projections: moves,
    epoch: moved.epoch,
    ...(notes.why !== undefined && { why: notes.why }),
    ...(notes.forced && { forced: true }),
    ...(notes.figures && { figures: notes.figures }),
  });
  return { group, action, pointer: moved, moves, completed: false };
}

async function unlessConflict(group: string, move: () => Promise<LivePointer>): Promise<LivePointer> {
  try {
    return await move();
  } catch (error) {
    if (!isBanyanError(error, 'POINTER_CONFLICT')) throw error;
    throw conflict(group, error);
  }
}

/** Somebody else was first. */
export function conflict(group: string, cause?: unknown): BanyanError {
  return new BanyanError(
    'REPLAY_CONFLICT',
    `Another operator changed the live generations of group ${group} at the same moment. Nothing was changed by this ` +
      'command. See what was done (banyan replay history, banyan replay status) and decide anew.',
    { details: { group }, ...(cause === undefined ? {} : { cause }) },
  );
}
