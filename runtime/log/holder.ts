import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';

/** The process that holds a log's fence. */
export interface Holder {
  readonly host: string;
  readonly pid: number;
  /** When the process started, in a form that only equality is asked of; undefined where the system does not tell. */
  readonly started?: string;
  /** Unique for each opening. */
  readonly token: string;
}

/**
 * The openings of this process. Kept in one place for all copies of this module in the process, since a second
 * bundle must not take the first one's log for abandoned.
 */
const here = Symbol.for('banyan.log.tokens');
const shared = globalThis as unknown as Record<symbol, Set<string> | undefined>;
export const openTokens = (shared[here] ??= new Set<string>());

/** This process, as the holder of a new opening. */
export function thisHolder(token: string): Holder {
  const started = startOf(process.pid);
  return { host: hostname(), pid: process.pid, token, ...(started === undefined ? {} : { started }) };
}

/** Whether a holder on this host still runs and has not closed the log. */
export function isHolderAlive(holder: Holder): boolean {
  const started = startOf(holder.pid);
  // The same number, another process: after a restart of the machine or a container, numbers come again.
  if (holder.started !== undefined && started !== undefined && holder.started !== started) return false;
  if (holder.pid === process.pid) return openTokens.has(holder.token);
  try {
    process.kill(holder.pid, 0);
    return true;
  } catch (error) {
    return (error as { code?: unknown }).code === 'EPERM';
  }
}

/** Boot and start time of a process, from /proc: proc_pid_stat(5), field 22, in clock ticks since the boot. */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The second field is the command in brackets, and may hold anything.
    const ticks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
    return ticks === undefined ? undefined : `${boot} ${ticks}`;
  } catch {
    return undefined;
  }
}
