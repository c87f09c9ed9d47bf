import { emfMetrics, lambdaLogger } from 'banyan/runtime/aws';
import { counters } from '../../testing/counters.ts';
import { sqsProjector, type SqsHandler } from '../sqs-projector.ts';
import { remoteStore } from './remote-store.ts';

/** A projector of the example projection, as it is deployed, on the store of a test. */
export function countingFunction({ VIEW = '', STORE = '', CHUNK = '2' }: NodeJS.ProcessEnv): SqsHandler {
  const service = `${VIEW}-g1`;
  return sqsProjector({
    projection: counters,
    generation: { projection: VIEW, number: 1 },
    store: remoteStore(STORE),
    resolve: () => Promise.reject(new Error('nothing is to be resolved')),
    logger: lambdaLogger({ service, group: 'counting' }),
    metrics: emfMetrics({ namespace: 'Banyan', service, dimensions: { group: 'counting' } }),
    group: 'counting',
    chunkEvents: Number(CHUNK),
    everyMs: 0,
    logEvents: true,
    attributes: ({ data }) => ({ firstKey: String((data['keys'] as readonly string[])[0]) }),
  });
}
