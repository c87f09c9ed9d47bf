import type { LivePointer } from 'banyan/projections';
import { isBanyanError } from 'banyan/runtime';
import type { Coverage } from './coverage.ts';
import type { Generations } from './read-page.ts';
import type { Place, Places, Session } from './session.ts';
import type { Patience } from './watch.ts';

/** What a read is about to be answered from. */
export interface Chosen {
  readonly pointer: LivePointer;
  /** Those of the pointer, or of the walk that the read goes on with. */
  readonly generations: Generations;
  /** The names of the views that the read uses. */
  readonly views: readonly string[];
  readonly patience: Patience;
}

/** Waits until the views hold what the session was shown; names one that stays behind. */
export async function viewBehind(
  coverage: Coverage,
  session: Session,
  { pointer, generations, views, patience }: Chosen,
): Promise<string | undefined> {
  const moved = session.epoch < pointer.epoch;
  if (moved) await formerReached(coverage, session, pointer, patience);
  // Events of one transaction may be numbered otherwise by another version of the translation.
  const shown = moved ? wholeTransactions(session.shown) : session.shown;
  const checks = views.map(async (projection) => {
    const number = generations[projection];
    if (number === undefined) return undefined;
    const there = await coverage.reaches({ projection, number }, shown, patience);
    return there ? undefined : `generation ${number} of view ${projection}`;
  });
  return (await Promise.all(checks)).find((name) => name !== undefined);
}

/**
 * Waits until the live generations hold what those before them hold by now: the most that a session from before the
 * move can have seen. A document that is gone, or is not on a page any more, leaves no place in the session. All views
 * of the group are waited for, at the first read after a move, for then the session has its epoch. In vain it does not
 * refuse the read: only what surely was shown does that, or a view that has stopped would be closed to everybody who
 * came through its promotion.
 */
async function formerReached(
  coverage: Coverage,
  session: Session,
  { live, past = {} }: LivePointer,
  patience: Patience,
): Promise<void> {
  const waiting = Object.entries(past).map(async ([projection, { last }]) => {
    const number = live[projection];
    if (number === undefined || last === undefined || last.epoch <= session.epoch) return;
    try {
      const former = await coverage.holdsNow({ projection, number: last.from });
      await coverage.reaches({ projection, number }, wholeTransactions(former), patience);
    } catch (error) {
      if (!isBanyanError(error, 'GENERATION_UNKNOWN')) throw error;
    }
  });
  await Promise.all(waiting);
}

function wholeTransactions(shown: Places): Places {
  return new Map(
    [...shown].map(([log, { position }]): [string, Place] => [log, { position, index: Infinity }]),
  );
}
