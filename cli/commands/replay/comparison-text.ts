import type { Comparison, FieldChange } from 'banyan/replay';
import { table } from '../../terminal/output.ts';
import { number } from '../../terminal/progress-line.ts';
import { keysAre, parkedLines } from './parked-text.ts';

/** Values of a sample are shown up to so many characters. */
const widest = 48;

/** A comparison as an operator reads it. */
export function comparisonText(comparison: Comparison): string {
  const { projection, live, next, documents, fields, unexplained, expectation, unsettled } = comparison;
  const parts = [
    `View ${projection}: generation ${next} beside the live ${live}\n`,
    table(
      ['added', 'removed', 'changed', 'unchanged'],
      [[documents.added, documents.removed, documents.changed, documents.unchanged]],
    ),
  ];
  if (fields.length > 0) {
    parts.push(table(['field', 'documents', 'key', 'before', 'after'], fields.flatMap(rowsOf)));
  }
  const samples = [
    ...comparison.added.map(({ key }) => `  added    ${key}`),
    ...comparison.removed.map(({ key }) => `  removed  ${key}`),
  ];
  if (samples.length > 0) parts.push(`${samples.join('\n')}\n`);
  if (comparison.parked.live + comparison.parked.next > 0) parts.push(parkedText(comparison));
  parts.push(`Expected: ${expectation}.\n`);
  if (unsettled > 0)
    parts.push(`${number(unsettled)} keys were still changing; they are counted as last seen.\n`);
  parts.push(
    unexplained.count === 0
      ? `Every difference is explained.${comparison.parked.added === 0 ? ` Next: banyan replay promote ${projection}` : ''}\n`
      : `${number(unexplained.count)} differences are unexplained:\n${unexplained.listed.map(({ key, kind, fields: paths }) => `  ${kind.padEnd(8)} ${key}  ${paths.join(', ')}\n`).join('')}`,
  );
  return parts.join('\n');
}

/** What is parked on either side; a promotion is refused for what is parked in the next one only. */
function parkedText({ next, parked }: Comparison): string {
  const lines = [
    `Parked: ${number(parked.live)} keys in the live generation, ${number(parked.next)} in generation ${next}`,
  ];
  if (parked.freed > 0)
    lines.push(`  ${number(parked.freed)} are freed; their differences need no declaration`);
  if (parked.added > 0) {
    const first = parked.listed.slice(0, 5);
    lines.push(
      `  ${keysAre(parked.added)} parked that the live one could apply; it is not promoted but by --force:`,
    );
    lines.push(...parkedLines({ count: parked.added, first }).map((line) => `  ${line}`));
  }
  return `${lines.join('\n')}\n`;
}

function rowsOf({ path, changed, samples }: FieldChange): (string | number)[][] {
  return samples
    .slice(0, 3)
    .map(({ key, before, after }, at) => [
      at === 0 ? path : '',
      at === 0 ? number(changed) : '',
      key,
      shown(before),
      shown(after),
    ]);
}

function shown(value: unknown): string {
  const text = value === undefined ? '(none)' : JSON.stringify(value);
  return text.length > widest ? `${text.slice(0, widest - 1)}…` : text;
}
