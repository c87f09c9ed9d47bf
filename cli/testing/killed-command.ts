import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { eventLogDirectory } from 'banyan/replay';
import type { EventLogRef } from 'banyan/events';
import type { BanyanProcess } from '../../kit/banyan-process.ts';

/** What `banyan replay start` was doing: building the event log, building a view, or neither of them. */
export type Doing = 'event log' | `view ${string}` | 'neither';

/** What a command may be building. */
export interface Buildable {
  /** The environment's directory. */
  readonly directory: string;
  readonly log: EventLogRef;
  readonly projections: readonly string[];
}

/** How one run of the command went. */
export interface KilledRun {
  /** The instant: so long after it began to do what was aimed at, or after its start. */
  readonly milliseconds: number;
  readonly aim: Doing;
  /** What it did when it was killed; `ended` when it was faster. */
  readonly did: Doing | 'ended';
}

/**
 * Kills the command so long after it began to do something; at once so long after its start where that is `neither`,
 * or when it ends or does something later first.
 */
export async function killWhile(
  run: BanyanProcess,
  what: Buildable,
  { aim, milliseconds }: Pick<KilledRun, 'aim' | 'milliseconds'>,
): Promise<KilledRun> {
  let end: unknown;
  const ended = run.ended.then((code) => (end = code));
  const hasEnded = (): boolean => end !== undefined;
  while (!hasEnded() && aim !== 'neither' && !isAt(what, aim, await doing(run, what))) await wait(5);
  await Promise.race([ended, wait(milliseconds)]);
  if (hasEnded()) return { aim, milliseconds, did: 'ended' };
  const code = await run.end('SIGKILL');
  // What it holds shows what it did: a dead process releases nothing.
  return { aim, milliseconds, did: code === 'SIGKILL' ? await doing(run, what) : 'ended' };
}

/** Whether that is what was aimed at, or comes after it. */
function isAt({ projections }: Buildable, aim: Doing, now: Doing): boolean {
  const order: Doing[] = ['neither', 'event log', ...projections.map((name): Doing => `view ${name}`)];
  return order.indexOf(now) >= order.indexOf(aim);
}

async function doing({ pid }: BanyanProcess, what: Buildable): Promise<Doing> {
  const { directory, log, projections } = what;
  for (const name of projections)
    if (await isHeld(join(directory, 'replays', `${name}.lock`), pid)) return `view ${name}`;
  return (await isHeld(join(eventLogDirectory(directory, log), 'fences'), pid)) ? 'event log' : 'neither';
}

/** Whether the process holds what is held by the newest file of a directory. */
async function isHeld(directory: string, pid: number): Promise<boolean> {
  const names = await readdir(directory).catch(() => []);
  const newest = names
    .filter((name) => /^\d+\.json$/.test(name))
    .sort((one, other) => Number.parseInt(one, 10) - Number.parseInt(other, 10))
    .at(-1);
  if (newest === undefined) return false;
  // Removed meanwhile by the next holder.
  const text = await readFile(join(directory, newest), 'utf8').catch(() => '{}');
  const record = JSON.parse(text) as { readonly pid?: number; readonly released?: boolean };
  return record.pid === pid && record.released !== true;
}
