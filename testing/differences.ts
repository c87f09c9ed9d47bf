import type { NewEvent } from 'banyan/events';
import type { Projection } from 'banyan/projections';
import { fieldPaths } from 'banyan/replay';
import { projected, type GivenEvent } from './projected.ts';

/** A document that two versions of a projection make differently. */
export interface VersionDifference<Doc> {
  readonly key: string;
  /** Undefined: the version has no such document. */
  readonly before: Doc | undefined;
  readonly after: Doc | undefined;
  /** The paths of the fields that differ, as `total`, `lines[].unitPrice`; none where a version has no document. */
  readonly fields: readonly string[];
}

/**
 * What a new version of a projection changes, over given events: those of a test, or of a log (`eventsOfLog`).
 *
 *     expect(differences(orderSummary, fixed, events).map(({ fields }) => fields)).toEqual([['total']]);
 *
 * @returns the differing documents in key order; documents are held in memory
 * @throws BanyanError PROJECTION_FAILED, EVENT_INVALID
 */
export function differences<Doc>(
  before: Projection<string, Doc, string>,
  after: Projection<string, Doc, string>,
  events: Iterable<GivenEvent | NewEvent>,
): readonly VersionDifference<Doc>[] {
  const all = [...events];
  const [old, next] = [projected(before, all).documents, projected(after, all).documents];
  const keys = [...new Set([...old.keys(), ...next.keys()])].sort();
  return keys.flatMap((key) => {
    const [one, other] = [old.get(key), next.get(key)];
    const fields = one && other ? [...fieldPaths(one, other).keys()] : [];
    return one && other && fields.length === 0 ? [] : [{ key, before: one, after: other, fields }];
  });
}
