import { setTimeout as wait } from 'node:timers/promises';
import type { SqsBatchResponse, SqsEvent } from 'banyan/projections/lambda';
import type { LambdaFunction } from '../../../../kit/lambda/lambda-function.ts';

/** What becomes of an invocation. */
export type Accident =
  | { readonly kind: 'none' }
  /** The function is not invoked. */
  | { readonly kind: 'unreached' }
  /** It does its work, and nobody hears of it. */
  | { readonly kind: 'unheard' }
  /** Its process is killed, at this part of the time that the last invocation took. */
  | { readonly kind: 'killed'; readonly at: number };

export const noAccident: Accident = { kind: 'none' };

/** Half of all batches fail, in each way by turns. @param random numbers in [0, 1) */
export function storm(random: () => number): () => Accident {
  let failures = 0;
  return () => {
    if (random() < 0.5) return noAccident;
    failures += 1;
    // Before its end even where this invocation is quicker than the last.
    if (failures % 3 === 1) return { kind: 'killed', at: random() * 0.7 };
    return { kind: failures % 3 === 2 ? 'unreached' : 'unheard' };
  };
}

/** A function as a queue invokes it. */
export interface InvokedFunction {
  /** Processes that were killed before they had answered. */
  readonly figures: { killed: number };
  /** @throws where the whole batch failed, of itself or by an accident */
  readonly invoke: (event: SqsEvent) => Promise<SqsBatchResponse>;
}

/** Has accidents happen to a function. */
export function withAccidents(
  lambda: Pick<LambdaFunction, 'invoke' | 'kill' | 'lastMs'>,
  accident: () => Accident,
): InvokedFunction {
  const figures = { killed: 0 };
  const killed = async (event: SqsEvent, at: number): Promise<void> => {
    const invoked = lambda.invoke(event);
    await Promise.race([invoked, wait(at * lambda.lastMs)]);
    lambda.kill();
    if ((await invoked).kind === 'died') figures.killed += 1;
  };
  return {
    figures,
    invoke: async (event) => {
      const now = accident();
      switch (now.kind) {
        case 'none':
          return answered(lambda, event);
        case 'unreached':
          throw new Error('The function was not reached.');
        case 'unheard':
          await lambda.invoke(event);
          throw new Error('Nobody heard what the function answered.');
        case 'killed':
          await killed(event, now.at);
          throw new Error('The function was killed.');
      }
    },
  };
}

async function answered(lambda: Pick<LambdaFunction, 'invoke'>, event: SqsEvent): Promise<SqsBatchResponse> {
  const invoked = await lambda.invoke(event);
  if (invoked.kind !== 'response') throw new Error(`The function failed: ${JSON.stringify(invoked)}`);
  return invoked.response as SqsBatchResponse;
}
