/** What one statement takes at most: a larger batch becomes several. */
const bounds = { rows: 1000, characters: 4 * 1024 * 1024 } as const;

/** Rows of one statement: what they are of, and a JSON array of them. */
export interface Part<Given> {
  readonly given: readonly Given[];
  readonly input: string;
}

/** Parts within the bounds of a statement, in the order of what is given. @param rowOf its row, as JSON */
export function inParts<Given>(given: readonly Given[], rowOf: (one: Given) => string): Part<Given>[] {
  const parts: { given: Given[]; rows: string[]; characters: number }[] = [];
  for (const one of given) {
    const row = rowOf(one);
    let part = parts.at(-1);
    if (!part || part.rows.length >= bounds.rows || part.characters + row.length > bounds.characters) {
      parts.push((part = { given: [], rows: [], characters: 0 }));
    }
    part.given.push(one);
    part.rows.push(row);
    part.characters += row.length;
  }
  return parts.map(({ given: of, rows }) => ({ given: of, input: `[${rows.join(',')}]` }));
}
