import { PutRuleCommand } from '@aws-sdk/client-eventbridge';
import { expect } from '@jest/globals';
import { once, type Closeable } from 'banyan/runtime';
import { randomUUID } from 'node:crypto';
import { isOnAccount } from '../../../kit/aws/account.ts';
import { eventually } from '../../../kit/eventually.ts';
import type { Detail } from '../detail.ts';
import { fromDetail } from '../from-detail.ts';
import { ruleName } from '../names.ts';
import { receive, remove } from '../queue.ts';
import { createEventSender } from '../sender.ts';
import { ensureSubscription, removeSubscription } from '../subscription-resources.ts';
import type { Clients } from './test-bus.ts';

/** Everything of ours that comes over an event bus, by a rule and a queue that know of no subscription. */
export interface CollectedBus extends Closeable {
  /** What came, in the order in which it did, also what came again. */
  readonly details: readonly Detail[];
  /** Ids of the events that came, each once. */
  events(): ReadonlySet<string>;
}

const name = 'everything';
const limits = { waitSeconds: 1, hiddenSeconds: 30, retrySeconds: 1, mostRetrySeconds: 1 };

/** The rules of an account take a while to be active everywhere; those of an emulator are at once. */
const probes = isOnAccount ? 5 : 1;

/** Begins to collect; what is put from now on comes. */
export async function collectBus(clients: Clients, busName: string): Promise<CollectedBus> {
  const place = { ...clients, busName };
  const url = await ensureSubscription(place, { name, logs: [], types: [] });
  const EventPattern = JSON.stringify({ source: [{ prefix: 'banyan' }] });
  const rule = { Name: ruleName(name), EventBusName: busName, EventPattern };
  await clients.events.send(new PutRuleCommand(rule));
  const stop = new AbortController();
  const details: Detail[] = [];
  const polled = poll(clients, url, details, stop.signal);
  // Told when it is closed.
  polled.catch(() => undefined);
  for (let probe = 0; probe < probes; probe += 1) await probed(place, details);
  details.length = 0;
  return {
    details,
    events: () => new Set(details.flatMap((detail) => eventId(detail) ?? [])),
    close: once(async () => {
      stop.abort();
      await polled;
      await removeSubscription(place, name);
    }),
  };
}

async function poll({ queues }: Clients, url: string, details: Detail[], signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const messages = await receive(queues, url, limits, signal).catch((error: unknown) => {
      if (signal.aborted) return [];
      throw error;
    });
    for (const { Body } of messages)
      details.push(fromDetail((JSON.parse(Body ?? '') as { readonly detail: unknown }).detail));
    await remove(queues, url, messages);
  }
}

async function probed(place: Clients & { readonly busName: string }, seen: readonly Detail[]): Promise<void> {
  const sender = createEventSender(place);
  await eventually(async () => {
    const id = randomUUID();
    await sender.publishProbe({ subscription: name, id, at: new Date().toISOString() });
    const ids = (): string[] => seen.flatMap((one) => (one.kind === 'probe' ? one.probe.id : []));
    await eventually(() => expect(ids()).toContain(id), 2000);
  });
}

function eventId(detail: Detail): string | undefined {
  switch (detail.kind) {
    case 'event':
      return detail.event.id;
    case 'reference':
      return detail.reference.id;
    case 'tally':
    case 'probe':
      return undefined;
  }
}
