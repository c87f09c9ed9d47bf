import { DynamoDBClient } from '@aws-sdk/client-dynamodb';

/** A client of DynamoDB Local. Each access key of it would be an account of its own, were it not shared. */
export function localClient(endpoint: string): DynamoDBClient {
  return new DynamoDBClient({
    endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 3,
  });
}

let made = 0;

/** A prefix of tables that no other test has. */
export function newPrefix(): string {
  made += 1;
  return `t${process.pid}-${Date.now().toString(36)}-${made}`;
}
