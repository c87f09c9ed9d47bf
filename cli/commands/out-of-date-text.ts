import type { Logger } from 'banyan/runtime';
import type { OutOfDate } from '../dev/out-of-date.ts';

/** What runs from other code than the present one. */
export function outOfDateText(found: readonly OutOfDate[]): string {
  const lines = found.map(({ name, why, next }) => `  ${name}: ${why}\n    next: ${next}\n`);
  return `The code is not what runs; what runs goes on with its own:\n${lines.join('')}`;
}

/** For whoever reads the log and not what is told. */
export function warnOfCode(found: readonly OutOfDate[], logger: Logger): void {
  for (const { kind, name, why, next } of found) {
    logger.warn({ [kind]: name, next }, `The code of ${kind} ${name} is not what runs: ${why}.`);
  }
}
