import { describeWith, emulator } from '../../kit/aws/emulators.ts';
import { uniqueName } from '../../kit/aws/test-names.ts';
import { itemBytesContract } from '../testing/item-bytes.contract.ts';
import { viewStoreContract } from '../view-store.contract.ts';
import { dynamodbViews } from './dynamodb-views.ts';
import { testClient } from './testing/test-client.ts';

const dynamodb = await emulator('dynamodb');

describeWith([dynamodb], 'DynamoDB Local', () => {
  viewStoreContract('DynamoDB', async () => {
    const client = testClient(dynamodb);
    const prefix = uniqueName();
    // Few shards, since a page of a scan is a query of each; that one takes the default, the other leaves it as it is.
    return [dynamodbViews({ client, prefix, shards: 4 }), dynamodbViews({ client, prefix })];
  });

  itemBytesContract(async (itemBytes) => {
    const store = dynamodbViews({
      client: testClient(dynamodb),
      prefix: uniqueName(),
      itemBytes,
    });
    await store.prepare();
    return store;
  });
});
