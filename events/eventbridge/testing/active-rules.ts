import { randomUUID } from 'node:crypto';
import { expect } from '@jest/globals';
import { eventually } from '../../../kit/eventually.ts';
import type { EventBridgeBus, EventBridgeBusOptions } from '../eventbridge-bus.ts';

type OnProbe = EventBridgeBusOptions['onProbe'];

/** How many probes come, one after the other, before a rule is taken to be active in all of AWS. */
const enough = 5;

/** Milliseconds that a probe may take from an active rule. */
const probeMs = 2000;

/**
 * A bus whose subscriptions begin once their rules are active: those of an account take up to a minute, in which what
 * is published goes nowhere (EventBridge user guide, "Rules"). They are active when probes come.
 */
export function activeRules(
  open: (options: { readonly onProbe: OnProbe & {} }) => EventBridgeBus,
  onProbe: OnProbe = () => undefined,
): EventBridgeBus {
  const sent = new Set<string>();
  const come = new Set<string>();
  const bus = open({
    onProbe: (probe) => {
      if (sent.has(probe.id)) come.add(probe.id);
      else onProbe(probe);
    },
  });
  const probed = async (subscription: string): Promise<void> => {
    const id = randomUUID();
    sent.add(id);
    await bus.publishProbe({ subscription, id, at: new Date().toISOString() });
    await eventually(() => expect(come).toContain(id), probeMs);
  };
  return {
    ...bus,
    subscribe: async (subscription, handler) => {
      const running = await bus.subscribe(subscription, handler);
      await eventually(async () => {
        for (let probe = 0; probe < enough; probe += 1) await probed(subscription.name);
      });
      return running;
    },
  };
}
