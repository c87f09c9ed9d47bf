import { postgresViews } from 'banyan/projections';
import { createLogger } from 'banyan/runtime';
import { createGatewayApp } from '../../app.ts';
import { serveGateway } from '../../node-host.ts';
import { promotionGateway } from './views.ts';

/*
 * A gateway in a process of its own, for `promotion.e2e.test.ts`: says its address, and ends when its input does.
 *
 *     served-gateway.ts CONNECTION POINTER-AGE-MS
 */
const [connectionString = '', pointerAgeMs = ''] = process.argv.slice(2);
const store = postgresViews({ connectionString, maxConnections: 5 });
const app = createGatewayApp({
  group: { name: 'orders', owner: { team: 'checkout', contact: 'checkout@shop.example' } },
  gateway: promotionGateway,
  store,
  logger: createLogger({ level: 'error' }),
  pointerAgeMs: Number(pointerAgeMs),
});
const served = await serveGateway({ app, port: 0, group: 'orders' });
process.stdout.write(`${served.url}\n`);
for await (const _ of process.stdin);
await served.close();
await store.close();
