import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { dynamodbViews } from 'banyan/projections/dynamodb';
import { sqsProjector, type SqsHandler } from 'banyan/projections/lambda';
import { awsClient, emfMetrics, lambdaLogger } from 'banyan/runtime/aws';
import { trails } from '../convergence/view.ts';

/** The projector function of the histories' view, as its bundle exports it. `env` has DYNAMODB, PREFIX and PATIENCE, in milliseconds. */
export function trailsFunction(env: NodeJS.ProcessEnv): SqsHandler {
  const metrics = emfMetrics({ namespace: 'banyan', service: 'trails' });
  const client = awsClient(DynamoDBClient, {
    ...{ upstream: 'dynamodb', endpoint: env['DYNAMODB'] ?? '', region: 'us-east-1', metrics },
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    // What the SDK tries again the store never sees.
    maxAttempts: 1,
  });
  const patienceMs = Number(env['PATIENCE']);
  return sqsProjector({
    ...{ projection: trails, generation: { projection: trails.name, number: 1 }, metrics, group: 'sales' },
    store: dynamodbViews({ client, prefix: env['PREFIX'] ?? '', shards: 2, patienceMs }),
    resolve: () => Promise.reject(new Error('no event here is too large for the bus')),
    logger: lambdaLogger({ service: 'trails', group: 'sales' }),
    chunkEvents: 4,
    limits: { windowEvents: 6, windowBytes: 1e6 },
  });
}
