import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { ViewStore } from 'banyan/projections';
import { dynamodbViews } from 'banyan/projections/dynamodb';
import type { Logger } from 'banyan/runtime';
import {
  awsClient,
  emfMetrics,
  lambdaLogger,
  xrayTracer,
  type Metrics,
  type Tracer,
} from 'banyan/runtime/aws';
import type { FunctionSettings } from './settings.ts';

/** What each function of the shop works with. */
export interface FunctionEnvironment {
  readonly group: string;
  readonly store: ViewStore;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Shows nothing unless Lambda traces the function. */
  readonly tracer: Tracer;
}

/**
 * Made once, while the function begins: a warm one keeps its connections.
 * @param service what logs and metrics call the function
 */
export function functionEnvironment(settings: FunctionSettings, service: string): FunctionEnvironment {
  const { group, viewsPrefix, dynamodbEndpoint: endpoint } = settings;
  const metrics = emfMetrics({ namespace: 'Shop', service, dimensions: { group } });
  const tracer = xrayTracer();
  const client = awsClient(DynamoDBClient, {
    ...{ upstream: 'dynamodb', metrics, tracer },
    ...(endpoint !== undefined && { endpoint }),
  });
  return {
    ...{ group, metrics, tracer, logger: lambdaLogger({ service, group }) },
    store: dynamodbViews({ client, prefix: viewsPrefix }),
  };
}
