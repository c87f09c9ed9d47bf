import type { Document } from 'banyan/projections';
import { digestOf } from '../affected-file.ts';
import type { NarrowRecord } from '../record.ts';

/** Which keys are affected by a fault that is known to be narrow. */
export type NarrowChoice =
  | { readonly kind: 'keys'; readonly keys: ReadonlySet<string> }
  /** Keys of live documents. */
  | { readonly kind: 'where'; readonly where: (document: Document, key: string) => boolean }
  /** Keys of the events with this log time (ISO 8601) or a later one. */
  | { readonly kind: 'since'; readonly since: string };

/** A rebuild of some keys, beside a copy of all others of the generation that is live. */
export interface Narrow {
  readonly choice: NarrowChoice;
  /** Keys of which the claim that they are unaffected is checked. Default 1000. */
  readonly sample?: number;
  /** Which keys these are depends on it alone. Default: another one each time. */
  readonly seed?: number;
}

/** What a resumed rebuild must have been given again. */
export function describeNarrow({ choice }: Narrow, live: number): Omit<NarrowRecord, 'floor'> {
  return { live, choice: choice.kind, digest: digestOf(textOf(choice)) };
}

function textOf(choice: NarrowChoice): string {
  switch (choice.kind) {
    case 'keys':
      return JSON.stringify([...choice.keys].sort());
    case 'where':
      return choice.where.toString();
    case 'since':
      return choice.since;
  }
}
