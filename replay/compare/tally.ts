import type { Comparison, DocumentSample, FieldChange, UnexplainedDifference } from './comparison.ts';
import { fieldPaths, type ValueDifference } from './differences.ts';
import { explains, expectationText, type Difference, type Expectation } from './expectation.ts';
import { shown } from './shown.ts';

/** How much of the differences is kept, besides their counts. */
export interface TallyLimits {
  /** Samples of a field, and of the added and removed documents. */
  readonly sampleSize: number;
  /** Unexplained differences. */
  readonly listed: number;
}

/** Counts of a comparison, as documents come by. */
export interface Tally {
  /**
   * Counts one key; documents that are equal, or both absent, are no difference.
   * @param isFreed the live generation's document stopped at an event that the next one could apply
   */
  add(pair: Difference, settled: boolean, isFreed?: boolean): void;
  readonly differing: number;
  readonly unexplained: number;
  result(): Pick<
    Comparison,
    | 'documents'
    | 'fields'
    | 'fieldsLeftOut'
    | 'added'
    | 'removed'
    | 'unexplained'
    | 'unsettled'
    | 'expectation'
  >;
}

/** What is known of a difference besides its documents. */
interface Circumstances {
  readonly settled: boolean;
  readonly isFreed: boolean;
}

/** Paths of the histogram. */
const mostFields = 200;

/** Begins a count. Memory does not grow with the number of documents. */
export function createTally(expect: Expectation | undefined, limits: TallyLimits): Tally {
  const documents = { added: 0, removed: 0, changed: 0, unchanged: 0 };
  const samples = { added: [] as DocumentSample[], removed: [] as DocumentSample[] };
  const histogram = createHistogram(limits.sampleSize);
  const unexplained = { count: 0, listed: [] as UnexplainedDifference[] };
  let unsettled = 0;

  const differ = (
    pair: Difference,
    kind: UnexplainedDifference['kind'],
    { settled, isFreed }: Circumstances,
    fields: string[] = [],
  ) => {
    documents[kind] += 1;
    if (isFreed || explains(expect, pair, fields)) return;
    unexplained.count += 1;
    if (unexplained.listed.length >= limits.listed) return;
    unexplained.listed.push({ key: pair.key, kind, fields: fields.slice(0, mostFields), settled });
  };

  const lone = (kind: 'added' | 'removed', pair: Difference, circumstances: Circumstances) => {
    const document = pair.after ?? pair.before;
    if (document && samples[kind].length < limits.sampleSize)
      samples[kind].push({ key: pair.key, document: shown(document) });
    differ(pair, kind, circumstances);
  };

  return {
    add: (pair, settled, isFreed = false) => {
      const { key, before, after } = pair;
      const circumstances = { settled, isFreed };
      if (!settled) unsettled += 1;
      if (before && after) {
        const paths = fieldPaths(before, after);
        if (paths.size === 0) documents.unchanged += 1;
        else {
          histogram.add(key, paths.values());
          differ(pair, 'changed', circumstances, [...paths.keys()]);
        }
      } else if (after) lone('added', pair, circumstances);
      else if (before) lone('removed', pair, circumstances);
    },
    get differing() {
      return documents.added + documents.removed + documents.changed;
    },
    get unexplained() {
      return unexplained.count;
    },
    result: () => ({
      documents: { ...documents },
      ...histogram.result(),
      added: samples.added,
      removed: samples.removed,
      unexplained,
      unsettled,
      expectation: expectationText(expect),
    }),
  };
}

interface Histogram {
  add(key: string, differences: Iterable<ValueDifference>): void;
  result(): Pick<Comparison, 'fields' | 'fieldsLeftOut'>;
}

function createHistogram(sampleSize: number): Histogram {
  const fields = new Map<string, { changed: number; samples: FieldChange['samples'][number][] }>();
  let leftOut = 0;
  return {
    add: (key, differences) => {
      for (const { path, ...values } of differences) {
        const field = fields.get(path) ?? { changed: 0, samples: [] };
        if (field.changed === 0) {
          if (fields.size >= mostFields) {
            leftOut += 1;
            continue;
          }
          fields.set(path, field);
        }
        field.changed += 1;
        if (field.samples.length < sampleSize) field.samples.push({ key, ...shownValues(values) });
      }
    },
    result: () => ({
      fields: [...fields]
        .map(([path, field]) => ({ path, ...field }))
        .sort((one, other) => other.changed - one.changed || (one.path < other.path ? -1 : 1)),
      fieldsLeftOut: leftOut,
    }),
  };
}

function shownValues({ before, after }: Omit<ValueDifference, 'path'>): Omit<ValueDifference, 'path'> {
  return {
    ...(before !== undefined && { before: shown(before) }),
    ...(after !== undefined && { after: shown(after) }),
  };
}
