import { describeWith, emulator, endpointOf } from '../../kit/aws/emulators.ts';
import { itemBytesContract } from '../testing/item-bytes.contract.ts';
import { viewStoreContract } from '../view-store.contract.ts';
import { dynamodbViews } from './dynamodb-views.ts';
import { localClient, newPrefix } from './testing/local-client.ts';

const dynamodb = await emulator('dynamodb');

describeWith([dynamodb], 'DynamoDB Local', () => {
  viewStoreContract('DynamoDB', async () => {
    const client = localClient(endpointOf(dynamodb));
    const prefix = newPrefix();
    // Few shards, since a page of a scan is a query of each; that one takes the default, the other leaves it as it is.
    return [dynamodbViews({ client, prefix, shards: 4 }), dynamodbViews({ client, prefix })];
  });

  itemBytesContract(async (itemBytes) => {
    const store = dynamodbViews({
      client: localClient(endpointOf(dynamodb)),
      prefix: newPrefix(),
      itemBytes,
    });
    await store.prepare();
    return store;
  });
});
