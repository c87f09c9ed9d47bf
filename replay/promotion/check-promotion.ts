import type { Progress } from 'banyan/events';
import type { Comparison } from '../compare/comparison.ts';
import type { ParkedKeys } from '../parked-keys.ts';
import { refuse, type Choice } from './choose.ts';
import type { Refusal } from './options.ts';

/** What is known of a generation that is to be promoted. */
export interface PromotionFacts extends Choice {
  /** The last comparison kept for `next`. */
  readonly comparison: Comparison | undefined;
  /** What is parked in `next` and not in `live`. */
  readonly newlyParked: ParkedKeys;
}

/** Overruling refusals. */
export interface Overruling {
  readonly force: boolean;
  readonly why: string | undefined;
}

/**
 * Why generations may not be promoted: not compared as they are, compared with differences that nobody declared, or the
 * next one cannot apply events that the live one could.
 */
export function checkPromotion(facts: PromotionFacts, { force, why }: Overruling): readonly Refusal[] {
  const { name } = facts;
  if (!force) {
    return [checkComparison(facts), checkParked(facts)].filter((wrong) => wrong !== undefined);
  }
  if ((why ?? '').trim() !== '') return [];
  return [
    refuse(
      'REPLAY_WHY_MISSING',
      name,
      `To overrule refusals of view ${name} say why: --force --why "...". It is kept in the history.`,
    ),
  ];
}

function checkComparison({ name, live, next, comparison }: PromotionFacts): Refusal | undefined {
  const pair = `generations ${live.number} (live) and ${next.number} of view ${name}`;
  const compare = `Compare them: banyan replay diff ${name}.`;
  if (!comparison) return refuse('REPLAY_NOT_COMPARED', name, `Nobody compared ${pair}. ${compare}`);
  if (comparison.live !== live.number || comparison.next !== next.number) {
    return refuse(
      'REPLAY_NOT_COMPARED',
      name,
      `The comparison that is kept is of generations ${comparison.live} and ${comparison.next} of view ${name}, not of ${pair}. ${compare}`,
    );
  }
  if (comparison.liveBundle !== live.bundle || comparison.nextBundle !== next.bundle) {
    return refuse(
      'REPLAY_NOT_COMPARED',
      name,
      `The comparison of ${pair} is of other code than built them. ${compare}`,
    );
  }
  const { count, listed } = comparison.unexplained;
  if (count === 0) return undefined;
  const keys = listed.slice(0, 5).map(({ key }) => JSON.stringify(key));
  return refuse(
    'REPLAY_UNEXPLAINED',
    name,
    `Between ${pair} are ${count} differences that nobody declared (${keys.join(', ')}${count > keys.length ? ', ...' : ''}). ` +
      `Look at them: banyan replay diff ${name}. Declare what the fix should change by --expect, correct the code and build again, or overrule by --force --why.`,
  );
}

function checkParked({ name, live, next, newlyParked }: PromotionFacts): Refusal | undefined {
  const { count, first } = newlyParked;
  if (count === 0) return undefined;
  const keys = first.map(({ key, eventId }) => `${JSON.stringify(key)} at event ${eventId}`);
  return refuse(
    'REPLAY_PARKED',
    name,
    `Generation ${next.number} of view ${name} has ${count} parked keys that generation ${live.number} (live) has not ` +
      `(${keys.join(', ')}${count > keys.length ? ', ...' : ''}): readers would see their documents stop there. See why: ` +
      'banyan parked list. Correct the code and build again, or overrule by --force --why.',
  );
}

/** A generation that has not come as far as the one that readers see. */
export function refuseBehind({ name, live, next }: Choice, progress: Progress, wanted: Progress): Refusal {
  const missing = Object.entries(wanted)
    .filter(([log, cursor]) => (progress[log]?.position ?? 0) <= cursor.position)
    .map(([log, { position }]) => `${log} at ${progress[log]?.position ?? 0} of ${position}`);
  return refuse(
    'REPLAY_BEHIND',
    name,
    `Generation ${next.number} of view ${name} has not come as far as generation ${live.number}, which is live: ${missing.join(', ')}. ` +
      'Readers would go back. See that banyan dev runs and feeds it, and ask again.',
  );
}
