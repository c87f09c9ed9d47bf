import { ListTablesCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { expect, test } from '@jest/globals';
import { describeWith, emulator } from '../../kit/aws/emulators.ts';
import { uniqueName } from '../../kit/aws/test-names.ts';
import { exampleGeneration } from '../testing/examples.ts';
import { dynamodbViews } from './dynamodb-views.ts';
import { faultyClient, type CallFault } from './testing/faulty-client.ts';
import { testClient } from './testing/test-client.ts';

const dynamodb = await emulator('dynamodb');

/** Names begin with the prefix, so they follow it. */
async function tablesOf(client: DynamoDBClient, prefix: string): Promise<readonly string[]> {
  const { TableNames = [] } = await client.send(new ListTablesCommand({ ExclusiveStartTableName: prefix }));
  return TableNames.filter((name) => name.startsWith(`${prefix}-`));
}

describeWith([dynamodb], 'a generation that is dropped while its table is made', () => {
  test('leaves no table that nobody knows', async () => {
    const [client, prefix] = [testClient(dynamodb), uniqueName()];
    const sound = dynamodbViews({ client, prefix });
    await sound.prepare();
    const generation = exampleGeneration();
    let drops = 0;
    const maker = dynamodbViews({
      client: faultyClient(dynamodb, {
        faultOf: async (operation): Promise<CallFault> => {
          // Registered, and not made yet.
          if (operation === 'CreateTable' && (drops += 1) === 1) await sound.dropGeneration(generation);
          return 'none';
        },
      }),
      prefix,
    });
    await maker.createGeneration(generation);
    expect(drops).toBe(2);
    expect(await sound.generations(generation.projection)).toHaveLength(1);
    expect(await tablesOf(client, prefix)).toHaveLength(2);
  });
});
