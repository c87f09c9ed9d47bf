import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { CreateEventBusCommand, EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { SQSClient } from '@aws-sdk/client-sqs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ViewStore } from 'banyan/projections';
import { dynamodbViews } from 'banyan/projections/dynamodb';
import { bundlesDirectory, openBundleStore } from 'banyan/replay';
import { closeAll, nodeFileSystem, type Closeable } from 'banyan/runtime';
import { awsClient } from 'banyan/runtime/aws';
import { clientConfig, environmentOf } from '../../../../kit/aws/client-config.ts';
import type { Upstream } from '../../../../kit/aws/emulators.ts';
import { uniqueName } from '../../../../kit/aws/test-names.ts';
import { startLocalIssuer, type LocalIssuer } from '../../../../kit/local-issuer.ts';
import { testDatabase } from '../../../../kit/test-database.ts';
import catalogue from '../../catalogue/group.ts';
import customers from '../../customers/group.ts';
import { seed as seedShop } from '../../monolith/seeder.ts';
import { startMonolith } from '../../monolith/server.ts';
import orders from '../../orders/group.ts';
import type { Accident } from './accidents.ts';
import { Deployment } from './deployment.ts';
import type { AwsPlace } from './queues.ts';
import { startThrottlingProxy, type ThrottlingProxy } from './throttling-proxy.ts';

/** The groups of the shop. */
export const groups = [orders, customers, catalogue];

/** A seeded shop with its monolith, and what stands for AWS; `banyan run` is the test's own. */
export interface RunningShop extends Closeable {
  /** For `banyan` with `aws.config.ts`. */
  readonly env: Readonly<Record<string, string>>;
  readonly monolithUrl: string;
  readonly issuer: LocalIssuer;
  readonly store: ViewStore;
  readonly proxy: ThrottlingProxy;
  readonly place: AwsPlace;
  /** @param runtimeClient the `node_modules` folder that has Lambda's runtime client */
  deployment(runtimeClient: string, accident: () => Accident): Deployment;
}

/** Seeds a shop, starts its monolith and makes an event bus, all of it of this test alone. */
export async function startShop(dynamodb: Upstream, ministack: Upstream, name: string): Promise<RunningShop> {
  const started: Closeable[] = [];
  const begun = <One extends Closeable>(one: One): One => {
    started.push(one);
    return one;
  };
  try {
    const directory = await mkdtemp(join(tmpdir(), 'banyan-shop-aws-'));
    begun({ close: () => rm(directory, { recursive: true, force: true }) });
    const url = await testDatabase(name);
    await seedShop(url, { customers: 30, products: 20, orders: 100 });
    const issuer = begun(await startLocalIssuer());
    const { jwksUrl } = issuer;
    const monolith = begun(await startMonolith({ databaseUrl: url, port: 0, jwksUrl }));
    const proxy = begun(await startThrottlingProxy(ministack));
    const busName = uniqueName();
    const [ofTables, ofEvents] = [clientConfig(dynamodb), { ...clientConfig(ministack), requestMs: 30_000 }];
    const client = awsClient(DynamoDBClient, { ...ofTables, upstream: 'dynamodb', requestMs: 30_000 });
    const events = awsClient(EventBridgeClient, { ...ofEvents, upstream: 'eventbridge' });
    const queues = awsClient(SQSClient, { ...ofEvents, upstream: 'sqs' });
    for (const one of [client, events, queues]) begun({ close: async () => one.destroy() });
    await events.send(new CreateEventBusCommand({ Name: busName }));
    const store = begun(dynamodbViews({ client, prefix: busName }));
    const bundles = openBundleStore({
      directory: bundlesDirectory(directory),
      fileSystem: nodeFileSystem,
    });
    const env = {
      ...{ SHOP_DATABASE_URL: url, MONOLITH_URL: monolith.url, BANYAN_DIRECTORY: directory },
      SHOP_SLOT: new URL(url).pathname.slice(1),
      ...{ JWKS_URL: jwksUrl, JWT_ISSUER: issuer.issuer },
      ...(dynamodb.kind === 'running' && { DYNAMODB_ENDPOINT: dynamodb.endpoint }),
      ...{ EVENTBRIDGE_ENDPOINT: proxy.endpoint, VIEWS_PREFIX: busName, EVENT_BUS: busName },
      ...(await environmentOf(dynamodb)),
    };
    const place = { events, queues, busName };
    const options = { ...place, store, bundles, groups, env, healAfterMs: 4000 };
    return {
      ...{ monolithUrl: monolith.url, issuer, store, proxy, place, env },
      deployment: (runtimeClient, accident) => begun(new Deployment({ ...options, runtimeClient, accident })),
      close: () => closeAll(started),
    };
  } catch (error) {
    await closeAll(started);
    throw error;
  }
}
