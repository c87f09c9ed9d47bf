import { createLogger } from 'banyan/runtime';
import { postgresViews } from '../postgres/postgres-views.ts';
import { startProjector } from '../projector.ts';
import { counters, exampleHistory } from './counters.ts';
import { createScriptedBus } from './scripted-bus.ts';

/*
 * A projector in a process of its own, for `kill.e2e.test.ts`: projects the whole example history behind the stored
 * progress, says a line for each commit, and ends when the view is at the end.
 *
 *     killed-projector.ts CONNECTION PROJECTION SEED LENGTH KEYS PER-DELIVERY
 */
const [connectionString = '', projection = '', ...numbers] = process.argv.slice(2);
const [seed = 1, length = 1, keys = 1, perDelivery = 1] = numbers.map(Number);
const history = exampleHistory(seed, length, keys);
const store = postgresViews({ connectionString });
const [generation] = await store.generations(projection);
if (!generation) throw new Error(`no generation of ${projection}`);
const bus = createScriptedBus();
const logs = [{ source: 'shop', translation: 'orders', version: 1 }];
const logger = createLogger();
const projector = await startProjector({ projection: counters, generation, store, bus, logs, logger });
projector.onProgress(({ commits }) => process.stdout.write(`${commits}\n`));
await bus.deliver(history, perDelivery);
await projector.reached({ 'shop:orders@1': { position: length } });
await projector.close();
await store.close();
