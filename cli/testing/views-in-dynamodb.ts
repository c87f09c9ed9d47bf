import { clientConfig } from '../../kit/aws/client-config.ts';
import type { Upstream } from '../../kit/aws/emulators.ts';
import type { ViewsCode } from './replay-files.ts';

/** Views in DynamoDB, as a project's code; tables begin with the prefix, an expression. */
export function inDynamodb(upstream: Upstream, prefix: string): ViewsCode {
  return {
    imports: `
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { dynamodbViews } from 'banyan/projections/dynamodb';`,
    views: `dynamodbViews({
    prefix: ${prefix},
    shards: 4,
    client: new DynamoDBClient(${JSON.stringify(clientConfig(upstream))}),
  })`,
  };
}
