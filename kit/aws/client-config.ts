import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { Upstream } from './emulators.ts';

/** What a client of an emulator is told; of an account it is told nothing. */
export interface TestClientConfig {
  readonly endpoint?: string;
  readonly region?: string;
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

/**
 * What every client of a test is built with. For an account that is nothing: the SDK finds region, credentials and
 * endpoint as anywhere (AWS_REGION, AWS_PROFILE, AWS_ENDPOINT_URL_DYNAMODB and so on).
 */
export function clientConfig(upstream: Upstream): TestClientConfig {
  switch (upstream.kind) {
    case 'account':
      return {};
    case 'running':
      return {
        endpoint: upstream.endpoint,
        region: 'us-east-1',
        credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
      };
    case 'missing':
      throw new Error(`An emulator is missing: ${upstream.why}`);
  }
}

/**
 * The environment with which another process reaches the same: as Lambda does, region and credentials are told, those of
 * an account as they are now.
 */
export async function environmentOf(upstream: Upstream): Promise<Record<string, string>> {
  const client = new DynamoDBClient(clientConfig(upstream));
  const { accessKeyId, secretAccessKey, sessionToken } = await client.config.credentials();
  const region = await client.config.region();
  client.destroy();
  const endpoints = Object.entries(process.env).filter(([name]) => name.startsWith('AWS_ENDPOINT_URL'));
  return {
    ...(upstream.kind === 'account' && (Object.fromEntries(endpoints) as Record<string, string>)),
    ...{ AWS_REGION: region, AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey },
    ...(sessionToken !== undefined && { AWS_SESSION_TOKEN: sessionToken }),
  };
}
