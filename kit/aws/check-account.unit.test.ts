import { expect, test } from '@jest/globals';
import { checkAccount } from './check-account.ts';

const none = (): Promise<never> => Promise.reject(new Error('none'));

test('an account needs a region and credentials, and each that is missing is named', async () => {
  const credentials = { accessKeyId: 'a', secretAccessKey: 'b' };
  await checkAccount({ region: 'eu-north-1', credentials });
  await expect(checkAccount({ region: 'eu-north-1', credentials: none })).rejects.toThrow(
    /finds no credentials \(AWS_ACCESS_KEY_ID/,
  );
  await expect(checkAccount({ region: none, credentials })).rejects.toThrow(/finds no region \(AWS_REGION/);
  await expect(checkAccount({ region: none, credentials: none })).rejects.toThrow(
    /no region .* and no credentials .*leave BANYAN_TEST_AWS out/,
  );
});
