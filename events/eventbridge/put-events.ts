import {
  PutEventsCommand,
  type EventBridgeClient,
  type PutEventsRequestEntry,
  type PutEventsResultEntry,
} from '@aws-sdk/client-eventbridge';
import { BanyanError, toError, type Logger } from 'banyan/runtime';
import { adviceFor, isPassing, refusedByAws } from './aws-failure.ts';
import type { Backoff } from './backoff.ts';
import { callsOf, entryBytes, type PutLimits } from './entry-size.ts';

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
 * Puts entries onto a bus, in order, and resolves when all of them are in. A call is made once all entries of the one
 * before are in; what fails of a call (throttled, or AWS's fault) is tried again, by itself, until it is in.
 * @throws BanyanError ENTRY_TOO_LARGE before anything is put; BUS_REFUSED; PUBLISHING_STOPPED
 */
export async function putEvents(
  options: PutEventsOptions,
  entries: readonly PutEventsRequestEntry[],
): Promise<void> {
  const { limits, busName } = options;
  const addressed = entries.map((entry) => ({ ...entry, EventBusName: busName }));
  for (const entry of addressed) checkSize(entry, limits);
  for (const call of callsOf(addressed, limits)) await putCall(options, call);
}

async function putCall(options: PutEventsOptions, call: readonly PutEventsRequestEntry[]): Promise<void> {
  const { backoff, busName, logger, signal } = options;
  let missing = call;
  for (let attempt = 1; missing.length > 0; attempt++) {
    if (signal.aborted) throw stopped(busName, missing.length);
    const { left, why } = await attemptCall(options, missing);
    missing = left;
    if (missing.length === 0) return;
    const about = { busName, missing: missing.length, attempt, why };
    // The first, and each time that it has become twice as bad.
    if ((attempt & (attempt - 1)) === 0) logger.warn(about, 'events are not in yet; they are put again');
    await backoff.wait(attempt, signal);
  }
}

/** What is still to be put after one call, in order. */
async function attemptCall(
  { client, busName, signal }: PutEventsOptions,
  entries: readonly PutEventsRequestEntry[],
): Promise<{ left: readonly PutEventsRequestEntry[]; why: string }> {
  try {
    const command = new PutEventsCommand({ Entries: [...entries] });
    const { Entries: results = [] } = await client.send(command, { abortSignal: signal });
    const refused = results.find(isRefused);
    if (refused) throw entryRefused(busName, entries[results.indexOf(refused)], refused);
    // An entry without an answer of its own counts as failed: twice in is better than lost.
    const left = entries.filter((_, at) => !results[at]?.EventId);
    return { left, why: results.find(({ ErrorCode }) => ErrorCode)?.ErrorCode ?? 'no answer' };
  } catch (thrown) {
    if (thrown instanceof BanyanError) throw thrown;
    if (signal.aborted) throw stopped(busName, entries.length, thrown);
    if (!isPassing(thrown)) throw refusedByAws('BUS_REFUSED', `Event bus ${busName} takes no events`, thrown);
    return { left: entries, why: toError(thrown).name };
  }
}

/** Error codes of entries that are worth another try; AWS documents these two, and the others as final. */
const passingCodes = /^(InternalFailure|InternalException|ThrottlingException|ServiceUnavailable)$/;

function isRefused({ ErrorCode }: PutEventsResultEntry): boolean {
  return ErrorCode !== undefined && !passingCodes.test(ErrorCode);
}

function entryRefused(
  busName: string,
  entry: PutEventsRequestEntry | undefined,
  { ErrorCode = '', ErrorMessage = '' }: PutEventsResultEntry,
): BanyanError {
  const { Source = '', DetailType = '' } = entry ?? {};
  return new BanyanError(
    'BUS_REFUSED',
    `Event bus ${busName} refuses an event of type ${DetailType} from ${Source}: ${ErrorCode}: ${ErrorMessage}. ` +
      adviceFor(ErrorCode),
    { details: { busName, source: Source, type: DetailType, error: ErrorCode } },
  );
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
