import type { IndexRead, KeyRead, LivePointer, ViewStore } from 'banyan/projections';
import { BanyanError, isBanyanError } from 'banyan/runtime';
import { answer, isAnswer, type Answer } from './answer.ts';
import type { Coverage } from './coverage.ts';
import { viewBehind } from './freshness.ts';
import type { Live } from './live.ts';
import { badRequest, type Parameters } from './parameters.ts';
import { projectionsOf } from './projections-of.ts';
import { readDocument, type ReadRequest } from './read-document.ts';
import {
  generationsOfPage,
  readPage,
  staleCursor,
  wantedPage,
  type Generations,
  type WantedPage,
} from './read-page.ts';
import type { ReadRoute } from './route.ts';
import {
  mergeSessions,
  readSession,
  sessionHeader,
  sessionOutcomes,
  writeSession,
  type Place,
  type Places,
  type Session,
} from './session.ts';
import { viewsOf } from './views.ts';
import { patienceOf, type Patience } from './watch.ts';

/** What reads are answered with. */
export interface Reading {
  readonly group: string;
  readonly store: ViewStore;
  readonly live: Live;
  readonly coverage: Coverage;
  /** Milliseconds for which a read waits for what its session was shown. */
  readonly staleWaitMs: number;
}

/** One read, permitted. */
interface Asked extends ReadRequest, Pick<Parameters, 'page'> {
  /** The header of the reader's session. */
  readonly session: string | undefined;
}

/** What is read: one document, or a page. */
type Target =
  | { readonly kind: 'document'; readonly read: KeyRead<never, unknown> }
  | { readonly kind: 'page'; readonly read: IndexRead<never, unknown>; readonly wanted: WantedPage };

/** A read as it is run against a pointer. */
interface Run {
  readonly reading: Reading;
  readonly route: ReadRoute;
  readonly asked: Asked;
  readonly target: Target;
  readonly session: Session | undefined;
  readonly patience: Patience;
}

/**
 * Answers a read from one set of generations, not older than what the reader's session was shown (G5): where this
 * process or the view is not there yet, it waits, and says after a while that it is stale.
 */
export async function answerRead(reading: Reading, route: ReadRoute, asked: Asked): Promise<Answer> {
  const target = targetOf(route, asked);
  if (isAnswer(target)) return target;
  const given = readSession(asked.session, reading.group);
  if (given.kind === 'invalid') {
    return badRequest('The headers are', [{ at: sessionHeader, problem: given.problem }]);
  }
  const session = given.kind === 'session' ? given.session : undefined;
  const patience = patienceOf(reading.staleWaitMs);
  if (session && !(await reading.live.reaches(session.epoch, patience))) {
    return stale(`the live pointer of group ${reading.group} has not come to epoch ${session.epoch}`);
  }
  const run = { reading, route, asked, target, session, patience };
  return reading.live.read((pointer) => answerBy(run, pointer));
}

function targetOf({ read }: ReadRoute, { page }: Asked): Target | Answer {
  if (read.kind === 'key') return { kind: 'document', read };
  const wanted = wantedPage(page, read.order);
  return isAnswer(wanted) ? wanted : { kind: 'page', read, wanted };
}

async function answerBy(run: Run, pointer: LivePointer | undefined): Promise<Answer> {
  const { target, reading } = run;
  const live = pointer?.live ?? {};
  if (target.kind === 'document') return answerFrom(run, pointer, live);
  const { cursor } = target.wanted;
  try {
    const generations = await generationsOfPage(target.read, live, cursor, reading.store);
    return isAnswer(generations) ? generations : await answerFrom(run, pointer, generations);
  } catch (error) {
    // A walk through pages is made of its own generations, so another pointer would not help it.
    if (cursor && isBanyanError(error, 'GENERATION_UNKNOWN')) return staleCursor();
    throw error;
  }
}

/** What an answer was made of is gathered anew at each call: a read may run once more. */
async function answerFrom(
  run: Run,
  pointer: LivePointer | undefined,
  generations: Generations,
): Promise<Answer> {
  const { reading, route, asked, target, session, patience } = run;
  const { store, group, coverage } = reading;
  const used = [...new Set(projectionsOf(route.read).map(({ name }) => name))];
  const behind =
    session &&
    pointer &&
    (await viewBehind(coverage, session, { pointer, generations, views: used, patience }));
  if (behind !== undefined) return stale(`${behind} has not come to what a session was shown`);
  const views = viewsOf({ store, group, saw: coverage.saw }, generations);
  const answered =
    target.kind === 'document'
      ? await readDocument(route, target.read, views, asked)
      : await readPage(target.read, views, store, { ...asked, wanted: target.wanted, generations });
  return pointer ? withSession(run, answered, pointer.epoch, views.shown()) : answered;
}

function withSession(
  { reading, route, session }: Run,
  answered: Answer,
  epoch: number,
  seen: Places,
): Answer {
  if (!sessionOutcomes.has(answered.outcome)) return answered;
  // What was looked at for a caller who may not know of it was not shown.
  const hidden = answered.outcome === 'notFound' && route.authorizeDocument !== undefined;
  const fresh = { group: reading.group, epoch, shown: hidden ? new Map<string, Place>() : seen };
  const issued = session ? mergeSessions(session, fresh) : fresh;
  return { ...answered, headers: { ...answered.headers, [sessionHeader]: writeSession(issued) } };
}

function stale(what: string): Answer {
  return answer('unavailable', {
    message:
      'Stale: what can be read here is older than what this session was shown. Try again; or begin a new session, ' +
      `without the header ${sessionHeader}.`,
    headers: { 'retry-after': '1' },
    cause: new BanyanError('VIEW_STALE', `A reader waited in vain: ${what}.`, { retryable: true }),
  });
}
