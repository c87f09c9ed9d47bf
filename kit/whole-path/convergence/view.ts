import { event } from 'banyan/events';
import { projection, removed } from 'banyan/projections';
import { z } from 'zod';
import { createHash } from 'node:crypto';

const data = z.object({ keys: z.array(z.string()) });
const named = <Name extends string>(name: Name) => event(name, data);

/** The document tells which events made it, and in which order. */
export interface Trail {
  readonly count: number;
  readonly trail: string;
}

/** What an event makes of a document here; `undefined`: nothing. Written once more by the oracle, which must not use it. */
const step = (document: Trail | undefined, id: string): Trail => ({
  count: (document?.count ?? 0) + 1,
  trail: createHash('md5')
    .update(`${document?.trail ?? ''} ${id}`)
    .digest('hex'),
});

const key = ({ keys }: { readonly keys: readonly string[] }): readonly string[] => keys;

/** A fold that is wrong in every order but the right one. */
export const trails = projection('trails', z.object({ count: z.int(), trail: z.string() }))
  .on(named('Put'), { key, apply: (document, _, { id }) => step(document, id) })
  .on(named('Gone'), { key, apply: () => removed })
  .on(named('Skip'), { key, apply: () => undefined })
  .on(named('Maybe'), { key, apply: (document, _, { id }) => document && step(document, id) })
  .on(named('Needs'), {
    key,
    apply: (document, _, { id }) => {
      if (!document) throw new Error('there is nothing to change');
      return step(document, id);
    },
  })
  .on(named('Poison'), {
    key,
    apply: () => {
      throw new Error('nobody can apply this');
    },
  });
