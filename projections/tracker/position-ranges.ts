import type { LogCursor } from 'banyan/events';
import type { PositionRange } from './ledger.ts';

/** The ranges with one more, in order; what touches is one. */
export function withRange(ranges: readonly PositionRange[], added: PositionRange): readonly PositionRange[] {
  let { from, to } = added;
  const apart: PositionRange[] = [];
  for (const range of ranges) {
    if (range.to < from - 1 || range.from > to + 1) apart.push(range);
    else [from, to] = [Math.min(from, range.from), Math.max(to, range.to)];
  }
  return [...apart, { from, to }].sort((one, other) => one.from - other.from);
}

/** Whether a position lies in one of the ranges. */
export function isWithinAny(ranges: readonly PositionRange[], position: number): boolean {
  return ranges.some(({ from, to }) => from <= position && position <= to);
}

/** The parts of what lies behind the cursor, up to a position, that are in none of the ranges. */
export function gapsBetween(
  after: LogCursor | undefined,
  to: number,
  ranges: readonly PositionRange[],
): readonly { readonly after: LogCursor | undefined; readonly to: number }[] {
  const gaps: { readonly after: LogCursor | undefined; readonly to: number }[] = [];
  let cursor = after;
  for (const range of [...ranges, { from: to + 1, to: to + 1 }]) {
    const end = Math.min(range.from - 1, to);
    if (firstOf(cursor) <= end) gaps.push({ after: cursor, to: end });
    if (firstOf(cursor) <= range.to) cursor = { position: range.to };
  }
  return gaps;
}

/** The cursor moved over the ranges that follow it without a gap, and the ranges that are left. */
export function absorbed(
  cursor: LogCursor | undefined,
  ranges: readonly PositionRange[],
): { readonly cursor: LogCursor | undefined; readonly ranges: readonly PositionRange[] } {
  let moved = cursor;
  const left: PositionRange[] = [];
  for (const range of ranges) {
    if (range.from > firstOf(moved)) left.push(range);
    else if (range.to >= firstOf(moved)) moved = { position: range.to };
  }
  return { cursor: moved, ranges: left };
}

/** The first position of which something lies behind the cursor. */
export function firstOf(cursor: LogCursor | undefined): number {
  if (cursor === undefined) return 1;
  return cursor.index === undefined ? cursor.position + 1 : cursor.position;
}
