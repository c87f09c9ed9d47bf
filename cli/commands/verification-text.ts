import { isClean, type Verification, type ViewDifference } from 'banyan/replay';
import { table } from '../terminal/output.ts';
import { number } from '../terminal/progress-line.ts';

/** Values are shown up to so many characters. */
const widest = 48;

/** A verification as an operator reads it. */
export function verificationText(result: Verification): string {
  const { projection, generation, source, position, cursor, rechecked, differences } = result;
  const parts = [
    `View ${projection}, generation ${generation}, beside ${source} at position ${number(position)} (${cursor.lsn})\n`,
    table(
      ['documents', 'equal', 'different', 'only in view', 'only in database', 'duplicate keys'],
      [
        [
          result.documents,
          result.equal,
          result.different,
          result.onlyInView,
          result.onlyInDatabase,
          result.duplicates,
        ],
      ],
    ),
  ];
  const fields = Object.entries(result.fields);
  if (fields.length > 0) parts.push(table(['field', 'documents'], fields));
  if (differences.length > 0) {
    parts.push(table(['key', 'field', 'view', 'database'], differences.flatMap(rowsOf)));
    const more =
      result.different + result.onlyInView + result.onlyInDatabase + result.duplicates - differences.length;
    if (more > 0) parts.push(`... and ${number(more)} more (--limit)\n`);
  }
  if (rechecked > 0)
    parts.push(`${number(rechecked)} keys were changing; they were compared again at a later position.\n`);
  if (result.parked > 0)
    parts.push(
      `${number(result.parked)} keys are parked; their documents stopped there: banyan parked list\n`,
    );
  if (isClean(result)) parts.push('Nothing differs.\n');
  return `${parts.join('\n')}\n`;
}

function rowsOf(difference: ViewDifference): string[][] {
  const { parked } = difference;
  const key = parked ? `${difference.key} (parked at ${parked.eventId})` : difference.key;
  switch (difference.kind) {
    case 'different':
      return difference.fields.map(({ path, view, database }, at) => [
        at === 0 ? key : '',
        path,
        shown(view),
        shown(database),
      ]);
    case 'onlyInView':
      return [[key, '', 'there', 'no row']];
    case 'onlyInDatabase':
      return [[key, '', 'no document', shown(difference.told)]];
    case 'duplicate':
      return [[key, '', '', `${difference.rows} rows`]];
  }
}

function shown(value: unknown): string {
  const text = value === undefined ? '(none)' : JSON.stringify(value);
  return text.length > widest ? `${text.slice(0, widest - 1)}…` : text;
}
