import type { ParkedKeys, ParkedView } from 'banyan/replay';
import { number } from '../../terminal/progress-line.ts';

/** Where the first few keys are parked and why, a line each. */
export function parkedLines({ count, first }: ParkedKeys): string[] {
  const lines = first.map(
    ({ key, eventId, code, message }) =>
      `  ${key}  at ${eventId}  ${code}: ${message.replaceAll(/\s+/g, ' ')}`,
  );
  const more = count - first.length;
  return more > 0 ? [...lines, `  ... and ${number(more)} more: banyan parked list`] : lines;
}

/** How many keys, as the subject of a sentence. */
export function keysAre(count: number): string {
  return count === 1 ? '1 key is' : `${number(count)} keys are`;
}

/** What is parked of a view, and what frees it. */
export function parkedViewText(parked: ParkedView): string {
  const { projection, live, count, standsAt, isFoldedAnew } = parked;
  const lines = [`Parked in view ${projection}, generation ${live}`];
  if (standsAt) lines.push(`  the whole view stands still at ${standsAt.eventId}: ${standsAt.message}`);
  if (count > 0)
    lines.push(
      `  ${keysAre(count)} parked, each at an event that cannot be applied:`,
      ...parkedLines(parked).map((line) => `  ${line}`),
    );
  lines.push(
    isFoldedAnew
      ? '  a new generation folds them anew'
      : `  the code is still what could not apply them: correct it, then build a new generation; or, when the cause lay elsewhere: banyan parked retry ${projection}`,
  );
  return `${lines.join('\n')}\n`;
}
