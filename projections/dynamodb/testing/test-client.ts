import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { afterAll } from '@jest/globals';
import { clientConfig } from '../../../kit/aws/client-config.ts';
import type { Upstream } from '../../../kit/aws/emulators.ts';

const clients: DynamoDBClient[] = [];

// Otherwise connections that are kept alive would outlive the tests.
afterAll(() => clients.splice(0).forEach((client) => client.destroy()));

/** A client of DynamoDB Local, or of an account; closed after the file's tests. */
export function testClient(upstream: Upstream, maxAttempts = 3): DynamoDBClient {
  const client = new DynamoDBClient({ ...clientConfig(upstream), maxAttempts });
  clients.push(client);
  return client;
}
