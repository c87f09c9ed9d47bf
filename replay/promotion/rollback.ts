import type { LivePointer } from 'banyan/projections';
import { checkProgress } from './catch-up.ts';
import { chooseFormer } from './choose.ts';
import { conflict, decide, moveAll, planOf, pointerOf, refused, type Decision } from './move.ts';
import type { MovePlan, MoveResult, RollbackOptions } from './options.ts';
import { isSame, waitForAll } from './promote.ts';
import { finishMoves, unfinishedMoves, type Unfinished } from './unfinished.ts';

/**
 * What {@link rollback} would do; changes nothing and does not wait.
 * @throws BanyanError REPLAY_UNKNOWN
 */
export async function planRollback(options: RollbackOptions): Promise<MovePlan> {
  const pointer = await pointerOf(options);
  const unfinished = concerning(await unfinishedMoves(options, pointer), options);
  if (unfinished) {
    const { group } = options;
    return { group, epoch: pointer.epoch, moves: unfinished.moves, refusals: [], completes: true };
  }
  const decision = await examine(options, pointer);
  const behind = await Promise.all(decision.choices.map((choice) => checkProgress(options, choice)));
  const refusals = [...decision.refusals, ...behind.flatMap((one) => one ?? [])];
  return planOf(options.group, pointer, { ...decision, refusals }, false);
}

/**
 * Makes the generations that were live before live again, all in one step or none; done again, it goes further back.
 * Promoting afterwards brings the newer ones back. A roll back that was killed is brought to its end, and no further.
 * @throws BanyanError with the code of the first refusal: REPLAY_NOTHING (nothing was live before), REPLAY_UNKNOWN,
 *   REPLAY_RETIRED, REPLAY_FAILED, REPLAY_BEHIND (after waiting); REPLAY_CONFLICT when another operator was first
 */
export async function rollback(options: RollbackOptions): Promise<MoveResult> {
  const pointer = await pointerOf(options);
  const { group, why } = options;
  const all = await unfinishedMoves(options, pointer);
  await finishMoves(options, all);
  const unfinished = concerning(all, options);
  // Going on would go back twice for one command.
  if (unfinished) return { group, action: 'rollback', pointer, moves: unfinished.moves, completed: true };
  const first = await examine(options, pointer);
  if (first.refusals.length > 0) throw refused(first.refusals, group);
  await waitForAll(options, first.choices);
  const { choices, refusals } = await examine(options, pointer);
  if (refusals.length > 0) throw refused(refusals, group);
  if (!isSame(first.choices, choices)) throw conflict(group);
  return moveAll(options, pointer, 'rollback', choices, { why, forced: false, figures: undefined });
}

async function examine(
  { store, group, projections }: RollbackOptions,
  pointer: LivePointer,
): Promise<Decision> {
  const names = [...new Set(projections)];
  return decide(
    await Promise.all(
      names.map(async (name) =>
        chooseFormer({ group, pointer, name, generations: await store.generations(name) }),
      ),
    ),
  );
}

function concerning(
  unfinished: readonly Unfinished[],
  { projections }: RollbackOptions,
): Unfinished | undefined {
  return unfinished.find(
    ({ action, moves }) => action === 'rollback' && moves.some(({ name }) => projections.includes(name)),
  );
}
