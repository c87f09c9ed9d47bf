import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { defineConfig } from 'banyan';
import { eventBridge } from 'banyan/events/eventbridge';
import { dynamodbViews } from 'banyan/projections/dynamodb';
import { awsClient } from 'banyan/runtime/aws';
import { project, setting } from './project.ts';

/** Absent: AWS's own, with the credentials of this machine. */
function endpointOf(name: string): { readonly endpoint?: string } {
  const endpoint = process.env[name];
  return endpoint === undefined ? {} : { endpoint };
}

/** The shop with its views in DynamoDB, fed by functions that EventBridge reaches: `banyan run --config aws.config.ts`. */
export default defineConfig({
  ...project,
  views: dynamodbViews({
    client: awsClient(DynamoDBClient, { upstream: 'dynamodb', ...endpointOf('DYNAMODB_ENDPOINT') }),
    prefix: setting('VIEWS_PREFIX'),
  }),
  delivery: eventBridge({
    events: awsClient(EventBridgeClient, {
      ...{ upstream: 'eventbridge', maxAttempts: 2 },
      ...endpointOf('EVENTBRIDGE_ENDPOINT'),
    }),
    busName: setting('EVENT_BUS'),
  }),
});
