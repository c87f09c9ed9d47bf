import { DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { expect, test } from '@jest/globals';
import { describeWith, emulator, endpointOf } from './emulators.ts';

const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
const dynamodb = await emulator('dynamodb');

describeWith([dynamodb], 'DynamoDB Local', () => {
  test('answers', async () => {
    const client = new DynamoDBClient({ endpoint: endpointOf(dynamodb), region: 'us-east-1', credentials });
    const { TableNames } = await client.send(new ListTablesCommand({}));
    expect(TableNames).toBeInstanceOf(Array);
    client.destroy();
  });
});
