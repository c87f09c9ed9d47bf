import type { LivePointer } from 'banyan/projections';
import { isBanyanError, type JsonObject } from 'banyan/runtime';
import { readComparison } from '../compare/comparison-file.ts';
import { catchUp, checkProgress } from './catch-up.ts';
import { checkPromotion, type PromotionFacts } from './check-promotion.ts';
import { chooseNext, isRefusal, type Choice } from './choose.ts';
import { conflict, decide, moveAll, planOf, pointerOf, refused, type Decision } from './move.ts';
import { newlyParked } from './newly-parked.ts';
import type { MovePlan, MoveResult, PromoteOptions, Refusal } from './options.ts';
import { finishMoves, unfinishedMoves, type Unfinished } from './unfinished.ts';

/**
 * What {@link promote} would do; changes nothing and does not wait.
 * @throws BanyanError REPLAY_UNKNOWN, COMPARISON_BROKEN
 */
export async function planPromotion(options: PromoteOptions): Promise<MovePlan> {
  const pointer = await pointerOf(options);
  const unfinished = concerning(await unfinishedMoves(options, pointer), options);
  const decision = await examine(options, pointer);
  if (unfinished && hasNothing(decision)) {
    return { ...planOf(options.group, pointer, decision, true), moves: unfinished.moves, refusals: [] };
  }
  const behind = await Promise.all(decision.choices.map((choice) => checkProgress(options, choice)));
  const refusals = [...decision.refusals, ...behind.flatMap((one) => one ?? [])];
  return planOf(options.group, pointer, { ...decision, refusals }, false);
}

/**
 * Makes the newest generations of some projections of a group live, all in one step or none. Killed at any instant
 * and asked again, it comes to its end.
 * @throws BanyanError with the code of the first refusal: REPLAY_NOTHING, REPLAY_UNKNOWN, REPLAY_NOT_READY,
 *   REPLAY_FAILED, REPLAY_RETIRED, REPLAY_NOT_COMPARED, REPLAY_UNEXPLAINED, REPLAY_PARKED, REPLAY_WHY_MISSING,
 *   REPLAY_BEHIND (after waiting); REPLAY_CONFLICT when another operator was first; COMPARISON_BROKEN
 */
export async function promote(options: PromoteOptions): Promise<MoveResult> {
  const pointer = await pointerOf(options);
  const { group, why, force = false } = options;
  const all = await unfinishedMoves(options, pointer);
  await finishMoves(options, all);
  const unfinished = concerning(all, options);
  const first = await examine(options, pointer);
  if (unfinished && hasNothing(first)) {
    return { group, action: 'promote', pointer, moves: unfinished.moves, completed: true };
  }
  if (first.refusals.length > 0) throw refused(first.refusals, group);
  await waitForAll(options, first.choices);
  // Waiting may have taken long: what was true before it is asked again. The pointer's epoch decides in the end.
  const { choices, refusals, facts } = await examine(options, pointer);
  if (refusals.length > 0) throw refused(refusals, group);
  if (!isSame(first.choices, choices)) throw conflict(group);
  return moveAll(options, pointer, 'promote', choices, { why, forced: force, figures: figuresOf(facts) });
}

/** Waits until every next generation has come as far as the live one. */
export async function waitForAll(options: PromoteOptions, choices: readonly Choice[]): Promise<void> {
  const waiting = Promise.all(choices.map((choice) => catchUp(options, choice)));
  const behind = await waiting.catch((error: unknown) => {
    // It was there a moment ago: somebody retired it.
    throw isBanyanError(error, 'GENERATION_UNKNOWN') ? conflict(options.group, error) : error;
  });
  const refusals = behind.flatMap((one) => one ?? []);
  if (refusals.length > 0) throw refused(refusals, options.group);
}

/** Whether two choices are of the same generations. */
export function isSame(some: readonly Choice[], others: readonly Choice[]): boolean {
  return some.every((one, at) => {
    const other = others[at];
    return other?.live.number === one.live.number && other.next.number === one.next.number;
  });
}

interface Examined extends Decision {
  readonly facts: readonly PromotionFacts[];
}

async function examine(options: PromoteOptions, pointer: LivePointer): Promise<Examined> {
  const { store, directory, group, projections, generations: wanted, force = false, why } = options;
  const facts: PromotionFacts[] = [];
  const refusals: Refusal[] = [];
  for (const name of new Set(projections)) {
    const generations = await store.generations(name);
    const choice = chooseNext({ group, pointer, name, generations }, wanted?.[name]);
    if (isRefusal(choice)) {
      refusals.push(choice);
      continue;
    }
    const comparison = await readComparison(directory, choice.next);
    const parked = await newlyParked(store, choice.live, choice.next);
    const fact = { ...choice, comparison, newlyParked: parked };
    facts.push(fact);
    refusals.push(...checkPromotion(fact, { force, why }));
  }
  return { ...decide(facts), refusals, facts };
}

function hasNothing({ choices, refusals }: Decision): boolean {
  return choices.length === 0 && refusals.every(({ code }) => code === 'REPLAY_NOTHING');
}

function concerning(
  unfinished: readonly Unfinished[],
  { projections }: PromoteOptions,
): Unfinished | undefined {
  return unfinished.find(
    ({ action, moves }) => action === 'promote' && moves.some(({ name }) => projections.includes(name)),
  );
}

function figuresOf(facts: readonly PromotionFacts[]): JsonObject {
  return Object.fromEntries(
    facts.flatMap(({ name, comparison, newlyParked: { count: parked } }) => {
      const differences = comparison && {
        ...comparison.documents,
        unexplained: comparison.unexplained.count,
      };
      const figures = { ...differences, ...(parked > 0 && { parked }) };
      return Object.keys(figures).length > 0 ? [[name, figures] as const] : [];
    }),
  );
}
