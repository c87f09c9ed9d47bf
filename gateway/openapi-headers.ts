import type { Outcome } from './answer.ts';
import type { JsonSchema } from './json-schema.ts';
import { noticeHeaders } from './notice.ts';
import { sessionHeader, sessionOutcomes } from './session.ts';

const onlyTrue = { type: 'string', const: 'true' };

/** The headers of answers to reads, each described in one place, as OpenAPI's `components` has them. */
export const readHeaderComponents: Readonly<
  Record<'Session' | 'Parked' | 'Behind' | 'Eventual', JsonSchema>
> = {
  Session: {
    description: 'What was shown so far, for the next request.',
    schema: { type: 'string' },
  },
  Parked: {
    description:
      'A document of this answer, or one that is missing from it, is the last good one: an event of its key cannot ' +
      'be applied, and the key waits for its owner. Absent where that is not so.',
    schema: onlyTrue,
  },
  Behind: {
    description:
      'A document of this answer, or one that is missing from it, lacks events that are known already: its key is ' +
      'catching up, and a later read shows them. Absent where that is not so.',
    schema: onlyTrue,
  },
  Eventual: {
    description:
      'Which documents the page has was said by an index that follows them a moment later: one that came just now may ' +
      'be missing. The documents themselves are as they are now. Absent where that is not so.',
    schema: onlyTrue,
  },
};

/** The headers that an answer to a read may have; undefined: none of them. */
export function readHeadersOf(outcome: Outcome): JsonSchema | undefined {
  if (!sessionOutcomes.has(outcome)) return undefined;
  return {
    [sessionHeader]: to('Session'),
    [noticeHeaders.parked]: to('Parked'),
    [noticeHeaders.behind]: to('Behind'),
    [noticeHeaders.eventual]: to('Eventual'),
  };
}

function to(name: keyof typeof readHeaderComponents): JsonSchema {
  return { $ref: `#/components/headers/${name}` };
}
