import { CreateEventBusCommand, EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { SQSClient } from '@aws-sdk/client-sqs';
import { randomUUID } from 'node:crypto';
import type { EventLogs } from '../../testing/log-fixture.ts';
import { createEventBridgeBus, type EventBridgeBus, type EventBridgeBusOptions } from '../eventbridge-bus.ts';
import { resolveFromLogs } from '../references.ts';

/** Clients of an emulator. */
export interface Clients {
  readonly events: EventBridgeClient;
  readonly queues: SQSClient;
}

/** Clients of the emulator at an endpoint. */
export function clientsOf(endpoint: string): Clients {
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  const config = { endpoint, region: 'us-east-1', credentials };
  return { events: new EventBridgeClient(config), queues: new SQSClient(config) };
}

/** An event bus of its own, and what is subscribed to it by this process. */
export async function openBus(
  clients: Clients,
  logs: EventLogs,
  options: Partial<EventBridgeBusOptions> = {},
): Promise<EventBridgeBus & { readonly busName: string }> {
  const busName = options.busName ?? `bus-${randomUUID()}`;
  if (options.busName === undefined) await clients.events.send(new CreateEventBusCommand({ Name: busName }));
  // What a poll took that was cut off comes again in the test's time.
  const retries = { hiddenSeconds: 8, retrySeconds: 1, mostRetrySeconds: 1 };
  const delivery = { inFlight: 2, waitSeconds: 1, ...retries, ...options.delivery };
  const resolve = resolveFromLogs(logs.inProcess);
  return { ...createEventBridgeBus({ ...clients, resolve, ...options, busName, delivery }), busName };
}
