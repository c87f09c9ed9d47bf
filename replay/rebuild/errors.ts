import { BanyanError, toError, type Holder } from 'banyan/runtime';
import { subscriptionName, type GenerationId } from 'banyan/projections';

/** Somebody builds the projection already. */
export function replayRunning(projection: string, holder: Holder, isHere: boolean): BanyanError {
  const who = `process ${String(holder.pid)} on host ${holder.host}`;
  return new BanyanError(
    'REPLAY_RUNNING',
    isHere
      ? `A new generation of ${projection} is being built by ${who}. Wait for it, or stop that process: the same command ` +
          'goes on where it was.'
      : `A new generation of ${projection} was begun by ${who} and not ended; whether that process still runs cannot be ` +
          'seen from here. Make sure that it does not, then run this again with `takeOver`.',
    { details: { projection, pid: holder.pid, host: holder.host } },
  );
}

/** A worker ran out of memory. */
export function outOfMemory(id: GenerationId, memoryBytes: number): BanyanError {
  return new BanyanError(
    'REPLAY_OUT_OF_MEMORY',
    `Rebuilding ${id.projection}, generation ${String(id.number)}, did not fit into ${megabytes(memoryBytes)} of memory: ` +
      'its documents are larger than they seem. Give it more memory, or fewer workers; it goes on where it was.',
    { details: { ...idOf(id), memoryBytes } },
  );
}

/** A worker ended without a word. */
export function workerLost(id: GenerationId, exitCode: number): BanyanError {
  return new BanyanError(
    'REPLAY_WORKER_LOST',
    `A worker of the rebuild of ${id.projection}, generation ${String(id.number)}, ended with code ${String(exitCode)}. ` +
      'Run the rebuild again: it goes on where it was.',
    { retryable: true, details: { ...idOf(id), exitCode } },
  );
}

/** Workers were asked for and cannot open the store. */
export function storeUnreachable(projection: string, expected: string): BanyanError {
  return new BanyanError(
    'REPLAY_STORE_NOT_OPENED',
    `The workers of the rebuild of ${projection} cannot open its view store: expected ${expected}. Correct that, or ` +
      'rebuild without workers.',
    { details: { projection } },
  );
}

/** The operator's claim that the fault is narrow is wrong. */
export function notNarrow(
  id: GenerationId,
  differences: {
    readonly sampled: number;
    readonly keys: readonly string[];
    readonly fields: readonly string[];
  },
): BanyanError {
  const { sampled, keys, fields } = differences;
  const named = keys.slice(0, 5).map((key) => JSON.stringify(key));
  return new BanyanError(
    'REPLAY_NOT_NARROW',
    `The fix of ${id.projection} changes documents that were said to be unaffected: of ${String(sampled)} that were ` +
      `folded anew ${String(keys.length)} differ, in ${fields.join(', ')} (${named.join(', ')}${keys.length > 5 ? ', …' : ''}). ` +
      `Generation ${String(id.number)} is failed. Rebuild the view whole, or name the affected keys more widely.`,
    { details: { ...idOf(id), sampled, keys: keys.slice(0, 20), fields: fields.slice(0, 50) } },
  );
}

/** What is to be rebuilt narrowly cannot be. */
export function narrowRefused(projection: string, why: string): BanyanError {
  return new BanyanError(
    'REPLAY_NARROW_REFUSED',
    `A part of ${projection} cannot be rebuilt alone: ${why}. Rebuild the view whole.`,
    { details: { projection } },
  );
}

/** Nothing comes through the generation's subscription. @param cause why the last probe was not sent, where it was not */
export function notSubscribed(id: GenerationId, patienceMs: number, cause?: unknown): BanyanError {
  const unsent = cause === undefined ? '' : `The last probe could not be sent: ${toError(cause).message} `;
  return new BanyanError(
    'REPLAY_NOT_SUBSCRIBED',
    `Generation ${String(id.number)} of ${id.projection} is folded, but no probe came through its subscription ` +
      `${subscriptionName(id)} within ${String(Math.round(patienceMs / 1000))} s. Expected its rule, its queue and its ` +
      'function to be deployed, and the rule to be on. ' +
      `${unsent}See to that and start again: it goes on from here.`,
    { details: { ...idOf(id), subscription: subscriptionName(id) }, retryable: true, cause },
  );
}

function idOf({ projection, number }: GenerationId): { projection: string; generation: number } {
  return { projection, generation: number };
}

function megabytes(bytes: number): string {
  return `${String(Math.round(bytes / 2 ** 20))} MiB`;
}
