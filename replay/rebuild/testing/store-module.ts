import { DynamoDBClient, type DynamoDBClientConfig } from '@aws-sdk/client-dynamodb';
import { postgresViews, type ViewStore } from 'banyan/projections';
import { isMainThread } from 'node:worker_threads';
import { dynamodbViews } from '../../../projections/dynamodb/dynamodb-views.ts';

/** Where a test's views are: BANYAN_TEST_VIEWS as JSON, or the address of a database. */
export type ViewsPlace =
  | { readonly kind: 'postgres'; readonly connectionString: string }
  | {
      readonly kind: 'dynamodb';
      readonly config: DynamoDBClientConfig;
      readonly prefix: string;
      /** So many writes of items are throttled first, in each worker. */
      readonly throttled?: number;
    };

/** The store of the tests' processes and their workers, as a config's module would give it. */
export function openViews(): ViewStore {
  const given = process.env['BANYAN_TEST_VIEWS'] ?? '';
  const isJson = given.startsWith('{');
  return viewsAt(isJson ? (JSON.parse(given) as ViewsPlace) : { kind: 'postgres', connectionString: given });
}

/** The store at such a place. */
export function viewsAt(place: ViewsPlace): ViewStore {
  if (place.kind === 'postgres') {
    const { connectionString } = place;
    return postgresViews({ connectionString, maxConnections: 4 });
  }
  const client = new DynamoDBClient(place.config);
  if (!isMainThread) throttle(client, place.throttled ?? 0);
  const { prefix } = place;
  return { ...dynamodbViews({ client, prefix, shards: 4 }), close: async () => client.destroy() };
}

function throttle(client: DynamoDBClient, times: number): void {
  let left = times;
  client.middlewareStack.add(
    (next, { commandName }) =>
      async (args) => {
        if (commandName === 'PutItemCommand' && (left -= 1) >= 0)
          throw Object.assign(new Error('made by the test'), { name: 'ThrottlingException' });
        return next(args);
      },
    { step: 'deserialize', name: 'throttling' },
  );
}
