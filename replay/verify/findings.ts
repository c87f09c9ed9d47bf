import type { Difference, Verification } from './verification.ts';

/** What was found so far; memory does not grow with the number of documents. */
export interface Findings {
  /** Counts a key, and how its sides differ, if they do. */
  add(difference: Difference | undefined): void;
  /** Counts a key that came with so many rows, besides what it is itself. */
  addDuplicate(key: string, rows: number): void;
  addRechecked(keys: number): void;
  /** Counts a parked key, besides what it is itself. */
  addParked(): void;
  /** Keys so far. */
  readonly documents: number;
  readonly differing: number;
  result(): Counts;
}

type Counts = Pick<
  Verification,
  | 'documents'
  | 'equal'
  | 'different'
  | 'onlyInView'
  | 'onlyInDatabase'
  | 'duplicates'
  | 'rechecked'
  | 'parked'
  | 'fields'
  | 'differences'
>;

/** Paths of the histogram. */
const mostPaths = 200;

/** @param limit differences that are kept */
export function createFindings(limit: number): Findings {
  const counts = { equal: 0, different: 0, onlyInView: 0, onlyInDatabase: 0 };
  const beside = { duplicates: 0, rechecked: 0, parked: 0 };
  const fields = new Map<string, number>();
  const differences: Difference[] = [];
  const keep = (difference: Difference): void => {
    if (differences.length < limit) differences.push(difference);
  };
  const differing = (): number => counts.different + counts.onlyInView + counts.onlyInDatabase;
  return {
    add: (difference) => {
      if (!difference) {
        counts.equal += 1;
        return;
      }
      if (difference.kind !== 'duplicate') counts[difference.kind] += 1;
      const paths = difference.kind === 'different' ? difference.fields : [];
      for (const { path } of paths) {
        if (fields.has(path) || fields.size < mostPaths) fields.set(path, (fields.get(path) ?? 0) + 1);
      }
      keep(difference);
    },
    addDuplicate: (key, rows) => {
      beside.duplicates += 1;
      keep({ key, kind: 'duplicate', rows });
    },
    addRechecked: (keys) => {
      beside.rechecked += keys;
    },
    addParked: () => {
      beside.parked += 1;
    },
    get documents() {
      return counts.equal + differing();
    },
    get differing() {
      return differing();
    },
    result: () => {
      const sorted = [...fields].sort(([, one], [, other]) => other - one);
      const documents = counts.equal + differing();
      return { documents, ...counts, ...beside, fields: Object.fromEntries(sorted), differences };
    },
  };
}
