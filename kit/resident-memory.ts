import { readFileSync, readdirSync } from 'node:fs';

/**
 * Resident bytes of a process and all its children, from /proc (proc_pid_status(5), VmRSS).
 * @returns undefined where there is no /proc
 */
export function residentBytes(pid: number): number | undefined {
  const own = resident(pid);
  if (own === undefined) return undefined;
  return childrenOf(pid).reduce((total, child) => total + (residentBytes(child) ?? 0), own);
}

function resident(pid: number): number | undefined {
  try {
    const kilobytes = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return Number(kilobytes ?? 0) * 1024;
  } catch {
    return undefined;
  }
}

function childrenOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((task) =>
      readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
    );
  } catch {
    return [];
  }
}

/** Watches a process and remembers the most that it had resident. */
export function watchMemory(pid: number): { readonly peak: () => number; stop(): void } {
  let peak = 0;
  const timer = setInterval(() => {
    peak = Math.max(peak, residentBytes(pid) ?? 0);
  }, 100);
  return { peak: () => peak, stop: () => clearInterval(timer) };
}
