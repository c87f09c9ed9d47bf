import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { afterAll } from '@jest/globals';

const clients: DynamoDBClient[] = [];

// Otherwise connections that are kept alive would outlive the tests.
afterAll(() => clients.splice(0).forEach((client) => client.destroy()));

/** A client of DynamoDB Local, closed after the file's tests. */
export function localClient(endpoint: string, maxAttempts = 3): DynamoDBClient {
  const client = new DynamoDBClient({
    endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts,
  });
  clients.push(client);
  return client;
}

let made = 0;

/** A prefix of tables that no other test has. */
export function newPrefix(): string {
  made += 1;
  return `t${process.pid}-${Date.now().toString(36)}-${made}`;
}
