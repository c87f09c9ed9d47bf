import { CreateEventBusCommand, EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { SQSClient } from '@aws-sdk/client-sqs';
import { isOnAccount } from '../../../kit/aws/account.ts';
import { clientConfig } from '../../../kit/aws/client-config.ts';
import type { Upstream } from '../../../kit/aws/emulators.ts';
import { uniqueName } from '../../../kit/aws/test-names.ts';
import type { EventLogs } from '../../testing/log-fixture.ts';
import { createEventBridgeBus, type EventBridgeBus, type EventBridgeBusOptions } from '../eventbridge-bus.ts';
import { resolveFromLogs } from '../references.ts';
import { activeRules } from './active-rules.ts';

/** Clients of an emulator, or of an account. */
export interface Clients {
  readonly events: EventBridgeClient;
  readonly queues: SQSClient;
}

/** Makes them. */
export function clientsOf(upstream: Upstream): Clients {
  const config = clientConfig(upstream);
  return { events: new EventBridgeClient(config), queues: new SQSClient(config) };
}

/** An event bus of its own, and what is subscribed to it by this process. */
export async function openBus(
  clients: Clients,
  logs: EventLogs,
  options: Partial<EventBridgeBusOptions> = {},
): Promise<EventBridgeBus & { readonly busName: string }> {
  const busName = options.busName ?? uniqueName();
  if (options.busName === undefined) await clients.events.send(new CreateEventBusCommand({ Name: busName }));
  // What a poll took that was cut off comes again in the test's time.
  const retries = { hiddenSeconds: 8, retrySeconds: 1, mostRetrySeconds: 1 };
  const delivery = { inFlight: 2, waitSeconds: 1, ...retries, ...options.delivery };
  const resolve = resolveFromLogs(logs.inProcess);
  const open = (given: Pick<EventBridgeBusOptions, 'onProbe'>): EventBridgeBus =>
    createEventBridgeBus({ ...clients, resolve, ...options, ...given, busName, delivery });
  // The rules of an emulator are there at once, and a subscription that said so too early would be a failure.
  return { ...(isOnAccount ? activeRules(open, options.onProbe) : open(options)), busName };
}
