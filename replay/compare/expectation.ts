import type { Document } from 'banyan/projections';
import { BanyanError } from 'banyan/runtime';

/** One document, in the live generation and in the next. */
export interface Difference {
  readonly key: string;
  /** Undefined: the live generation has no such document. */
  readonly before: Document | undefined;
  /** Undefined: the next generation has no such document. */
  readonly after: Document | undefined;
}

/** What the operator declares that the fix changes. A difference that it does not explain is told, and refuses the promotion. */
export type Expectation =
  | {
      readonly kind: 'fields';
      /** Paths that may change, with all that is under them: `total`, `lines[].unitPrice`, `lines`. */
      readonly fields: readonly string[];
      /** Whether documents may come that the live generation has not. Default false. */
      readonly added?: boolean;
      /** Whether documents may go. Default false. */
      readonly removed?: boolean;
    }
  | {
      readonly kind: 'predicate';
      /** True when the difference is what the fix should do. Called once for each settled difference. */
      readonly explains: (difference: Difference) => boolean;
      /** What it says, for the report; default `a predicate`. */
      readonly text?: string;
    };

/** The declaration in words. */
export function expectationText(expect: Expectation | undefined): string {
  if (!expect) return 'nothing was declared';
  if (expect.kind === 'predicate') return expect.text ?? 'a predicate';
  const parts = [
    ...(expect.fields.length > 0 ? [`fields ${expect.fields.join(', ')}`] : []),
    ...(expect.added ? ['added documents'] : []),
    ...(expect.removed ? ['removed documents'] : []),
  ];
  return parts.length > 0 ? parts.join('; ') : 'no difference';
}

/**
 * Whether the declaration explains a difference.
 * @param fields the paths that changed, where both have the document
 * @throws BanyanError EXPECTATION_FAILED when the predicate throws, or gives no boolean
 */
export function explains(
  expect: Expectation | undefined,
  difference: Difference,
  fields: Iterable<string>,
): boolean {
  if (!expect) return false;
  if (expect.kind === 'predicate') return ask(expect, difference);
  if (difference.before === undefined) return expect.added === true;
  if (difference.after === undefined) return expect.removed === true;
  for (const field of fields) if (!expect.fields.some((declared) => isWithin(field, declared))) return false;
  return true;
}

/** Whether a path is the declared one or under it. */
function isWithin(path: string, declared: string): boolean {
  return path.startsWith(declared) && ['', '.', '['].includes(path.charAt(declared.length));
}

function ask(expect: Extract<Expectation, { kind: 'predicate' }>, difference: Difference): boolean {
  let answer: unknown;
  try {
    answer = expect.explains(difference);
  } catch (cause) {
    throw failed(difference.key, 'threw an error', cause);
  }
  if (typeof answer !== 'boolean') throw failed(difference.key, `gave ${typeof answer}`);
  return answer;
}

function failed(key: string, what: string, cause?: unknown): BanyanError {
  return new BanyanError(
    'EXPECTATION_FAILED',
    `The predicate of the expected differences ${what} for key ${JSON.stringify(key)}; expected true or false for ` +
      '{ key, before, after }, where before or after is undefined when that generation has no such document. ' +
      'Correct it and compare again.',
    { details: { key }, ...(cause === undefined ? {} : { cause }) },
  );
}
