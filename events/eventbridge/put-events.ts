import {
  PutEventsCommand,
  type EventBridgeClient,
  type PutEventsRequestEntry,
  type PutEventsResultEntry,
} from '@aws-sdk/client-eventbridge';
import { BanyanError, toError, type Logger } from 'banyan/runtime';
import { adviceFor, isPassing, reasonOf, refusalOf, refusedByAws } from './aws-failure.ts';
import type { Backoff } from './backoff.ts';
import { callsOf, entryBytes, type PutLimits } from './entry-size.ts';
import { isToTell } from './streaks.ts';

/** What is put, and what then, where the bus refuses it for what it is. */
export interface Put {
  readonly entry: PutEventsRequestEntry;
  /** What is put in its place; absent: nothing is. */
  readonly otherwise?: (refused: BanyanError) => Put;
  /** Told that it is left out. Absent: the putting ends with the error. */
  readonly leaveOut?: (refused: BanyanError) => void;
}

/** What putting events needs. */
export interface PutEventsOptions {
  readonly client: EventBridgeClient;
  /** Name or ARN of the event bus. */
  readonly busName: string;
  readonly limits: PutLimits;
  readonly backoff: Backoff;
  readonly logger: Logger;
  /** Aborting gives up. */
  readonly signal: AbortSignal;
}

/**
 * Puts entries onto a bus, in order, and resolves when all of them are in, or left out. A call is made once all entries
 * of the one before are in; what fails of a call (throttled, or AWS's fault) is tried again, by itself, until it is in.
 * @throws BanyanError ENTRY_TOO_LARGE before anything is put; BUS_REFUSED; PUBLISHING_STOPPED
 */
export async function putEvents(options: PutEventsOptions, puts: readonly Put[]): Promise<void> {
  const { limits } = options;
  for (const { entry } of puts) checkSize(entry, limits);
  for (const call of callsOf(puts, limits, bytesOf)) await putCall(options, call);
}

const bytesOf = ({ entry }: Put): number => entryBytes(entry);

async function putCall(options: PutEventsOptions, call: readonly Put[]): Promise<void> {
  const { backoff, busName, limits, logger, signal } = options;
  let missing = call;
  for (let attempt = 1; missing.length > 0;) {
    if (signal.aborted) throw stopped(busName, missing.length);
    // What is put in the place of something else may be larger than it was.
    const [now = missing] = callsOf(missing, limits, bytesOf);
    const { left, why } = await attemptCall(options, now);
    missing = [...left, ...missing.slice(now.length)];
    if (why === undefined) continue;
    const about = { busName, missing: missing.length, attempt, why };
    if (isToTell(attempt)) logger.warn(about, 'events are not in yet; they are put again');
    await backoff.wait(attempt, signal);
    attempt += 1;
  }
}

/** What is still to be put after one call, in order; and why, where it is not only what was refused. */
async function attemptCall(
  { client, busName, signal }: PutEventsOptions,
  puts: readonly Put[],
): Promise<{ left: readonly Put[]; why: string | undefined }> {
  let results: readonly PutEventsResultEntry[];
  try {
    const Entries = puts.map(({ entry }) => ({ ...entry, EventBusName: busName }));
    ({ Entries: results = [] } = await client.send(new PutEventsCommand({ Entries }), {
      abortSignal: signal,
    }));
  } catch (thrown) {
    if (signal.aborted) throw stopped(busName, puts.length, thrown);
    if (isPassing(thrown)) return { left: puts, why: reasonOf(toError(thrown)) };
    throw refusedByAws('BUS_REFUSED', `Event bus ${busName} takes no events`, thrown, action);
  }
  const left: Put[] = [];
  let why: string | undefined;
  for (const [at, put] of puts.entries()) {
    const { EventId, ErrorCode, ErrorMessage = '' } = results[at] ?? {};
    if (ErrorCode !== undefined && !passingCodes.test(ErrorCode)) {
      left.push(
        ...insteadOf(put, entryRefused(busName, put.entry, { name: ErrorCode, message: ErrorMessage })),
      );
    } else if (!EventId) {
      // An entry without an answer of its own counts as failed: twice in is better than lost.
      left.push(put);
      why ??= ErrorCode ?? 'no answer';
    }
  }
  return { left, why };
}

/**
 * What is put in the place of what the bus refuses: nothing, where it is left out.
 * @throws the error, where the bus would refuse the others as well, until somebody changes it or what it allows
 */
function insteadOf({ otherwise, leaveOut }: Put, refused: EntryRefusal): readonly Put[] {
  const { error, isOfEntry } = refused;
  if (isOfEntry && otherwise) return [otherwise(error)];
  if (!isOfEntry || !leaveOut) throw error;
  leaveOut(error);
  return [];
}

/** The right that putting needs. */
const action = 'events:PutEvents';

/** Error codes of entries that are worth another try; AWS documents the first and third, and all others as final. */
const passingCodes = /^(InternalFailure|InternalException|ThrottlingException|ServiceUnavailable)$/;

interface EntryRefusal {
  readonly error: BanyanError;
  /** It is refused for what it is; else for who puts it, or where. */
  readonly isOfEntry: boolean;
}

function entryRefused(
  busName: string,
  { Source = '', DetailType = '' }: PutEventsRequestEntry,
  why: Pick<Error, 'name' | 'message'>,
): EntryRefusal {
  const error = new BanyanError(
    'BUS_REFUSED',
    `Event bus ${busName} refuses an event of type ${DetailType} from ${Source}: ${reasonOf(why)}. ` +
      adviceFor(why, action),
    { details: { busName, source: Source, type: DetailType, error: why.name } },
  );
  return { error, isOfEntry: refusalOf(why) === 'other' };
}

function checkSize(entry: PutEventsRequestEntry, { bytes }: PutLimits): void {
  const size = entryBytes(entry);
  if (size <= bytes) return;
  const { Source = '', DetailType = '' } = entry;
  throw new BanyanError(
    'ENTRY_TOO_LARGE',
    `An entry of type ${DetailType} from ${Source} has ${String(size)} bytes, and the bus takes ${String(bytes)}. ` +
      `Events that large go as references; what is left are names: shorten them.`,
    { details: { source: Source, type: DetailType, size, limit: bytes } },
  );
}

function stopped(busName: string, missing: number, cause?: unknown): BanyanError {
  return new BanyanError(
    'PUBLISHING_STOPPED',
    `Publishing onto ${busName} was stopped before ${String(missing)} entries of a call were in. They are in their ` +
      `event log: publishing goes on with them at the next start.`,
    { retryable: true, details: { busName, missing }, cause },
  );
}
