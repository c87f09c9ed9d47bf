import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { awsClient, emfMetrics, lambdaLogger, xrayTracer } from 'banyan/runtime/aws';
import { dynamodbViews } from '../../dynamodb/index.ts';
import { counters } from '../../testing/counters.ts';
import { sqsProjector, type SqsHandler } from '../sqs-projector.ts';

/** A projector of the example projection on DynamoDB, traced as on Lambda. */
export function tracedFunction({
  VIEW = '',
  DYNAMODB = '',
  PREFIX = '',
  CHUNK = '500',
}: NodeJS.ProcessEnv): SqsHandler {
  const tracer = xrayTracer();
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  const client = awsClient(DynamoDBClient, { upstream: 'dynamodb', endpoint: DYNAMODB, credentials, tracer });
  const service = 'traced';
  return sqsProjector({
    ...{ projection: counters, generation: { projection: VIEW, number: 1 }, group: 'counting' },
    store: dynamodbViews({ client, prefix: PREFIX, shards: 2 }),
    resolve: () => Promise.reject(new Error('nothing is to be resolved')),
    logger: lambdaLogger({ service, group: 'counting' }),
    metrics: emfMetrics({ namespace: 'Banyan', service }),
    ...{ tracer, chunkEvents: Number(CHUNK) },
  });
}
