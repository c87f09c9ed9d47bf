import { DynamoDBClient, type DynamoDBClientConfig } from '@aws-sdk/client-dynamodb';

/** Checks that the SDK finds a region and credentials on this machine. @throws Error that says what is missing */
export async function checkAccount(config: DynamoDBClientConfig = {}): Promise<void> {
  const client = new DynamoDBClient(config);
  const isFound = (found: Promise<unknown>): Promise<boolean> =>
    found.then(
      () => true,
      () => false,
    );
  const missing = [
    ...((await isFound(client.config.region())) ? [] : ['region (AWS_REGION, or one in the profile)']),
    ...((await isFound(client.config.credentials()))
      ? []
      : ['credentials (AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE, or a role)']),
  ];
  client.destroy();
  if (missing.length === 0) return;
  throw new Error(
    `BANYAN_TEST_AWS is 1, but the AWS SDK finds no ${missing.join(' and no ')}. Give them as to any program that ` +
      'uses AWS, or leave BANYAN_TEST_AWS out to test against emulators.',
  );
}
