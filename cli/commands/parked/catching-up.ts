import { catchUp, type CaughtUp, type Generation } from 'banyan/projections';
import type { ReplayProject } from 'banyan/replay';
import { BanyanError } from 'banyan/runtime';
import { number } from '../../terminal/progress-line.ts';
import { openEventLogs } from './event-logs.ts';

/** Keys that are caught up at once. */
const portion = 1000;

/**
 * Catches keys up with the code that built their generation, from its event logs.
 * @param skip ids of events that are left out
 * @throws BanyanError BUNDLE_UNKNOWN, LOG_*; errors of the store
 */
export async function catchUpKeys(
  { store, bundles, directory }: ReplayProject,
  generation: Generation,
  keys: readonly string[],
  skip: ReadonlySet<string> = new Set(),
): Promise<CaughtUp> {
  const projection = await bundles.projection(generation.bundle);
  const opened = await openEventLogs(directory, generation.logs);
  const { logs } = opened;
  const all = { caughtUp: [] as string[], parked: [] as string[], left: [] as string[] };
  try {
    for (let at = 0; at < keys.length; at += portion) {
      const some = keys.slice(at, at + portion);
      const came = await catchUp({ projection, generation, store, logs, keys: some, skip });
      all.caughtUp.push(...came.caughtUp);
      all.parked.push(...came.parked);
      all.left.push(...came.left);
    }
    return all;
  } finally {
    await opened.close();
  }
}

/** What became of the keys, for an operator. */
export function caughtUpText(projection: string, { caughtUp, parked, left }: CaughtUp): string {
  const told = (keys: readonly string[], what: string): string =>
    keys.length === 0 ? '' : `${projection}: ${keysText(keys)} ${what}\n`;
  return [
    told(caughtUp, caughtUp.length === 1 ? 'goes on' : 'go on'),
    told(parked, parked.length === 1 ? 'is parked again' : 'are parked again'),
    told(left, left.length === 1 ? 'was changed meanwhile' : 'were changed meanwhile'),
  ].join('');
}

function keysText(keys: readonly string[]): string {
  const some = keys
    .slice(0, 5)
    .map((key) => JSON.stringify(key))
    .join(', ');
  return keys.length > 5 ? `${some} and ${number(keys.length - 5)} more keys` : some;
}

/** Some keys do not go on: not what was asked for, so it is a failure. @throws BanyanError STILL_PARKED, KEYS_CHANGED */
export function refuseStopped(projection: string, { parked, left }: CaughtUp): void {
  if (parked.length > 0)
    throw new BanyanError(
      'STILL_PARKED',
      `${keysText(parked)} of view ${projection} met an event that cannot be applied. See it by banyan parked show ` +
        `${projection} KEY. When the code is wrong, correct it and build a new generation: banyan replay start ${projection}.`,
      { details: { projection, keys: parked.slice(0, 100) } },
    );
  if (left.length > 0)
    throw new BanyanError(
      'KEYS_CHANGED',
      `${keysText(left)} of view ${projection} changed whenever this command wrote. Give it again; when that does not ` +
        'help, when less is going on.',
      { details: { projection, keys: left.slice(0, 100) }, retryable: true },
    );
}
