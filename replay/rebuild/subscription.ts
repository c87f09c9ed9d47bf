import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import type { Probe } from 'banyan/events';
import { subscriptionName, type Generation, type GenerationState, type ViewStore } from 'banyan/projections';
import { notSubscribed } from './errors.ts';
import { mayPass } from './may-pass.ts';
import type { Rebuilding } from './rebuild.ts';

/** How a rebuild sees that what is published comes to its generation. */
export interface Subscription {
  /** Publishes a probe. */
  readonly probe: (probe: Probe, signal: AbortSignal) => Promise<void>;
  /** Milliseconds to wait for one to come through. Default: 15 minutes. */
  readonly patienceMs?: number;
  /** Told the subscription's name when the waiting begins. */
  readonly onWaiting?: (subscription: string) => void;
  /** Milliseconds between probes: those before the subscription was made are lost. Default 2,000. */
  readonly everyMs?: number;
}

const defaults = { patienceMs: 15 * 60_000, everyMs: 2000 } as const;
/** Milliseconds between looks at the registry, at most. */
const lookEveryMs = 250;

/**
 * Probes the subscription of a generation until one has come through. What is published after that comes to it, so the
 * rest is in the event logs by now. A probe that cannot be sent for the moment is sent again.
 * @throws BanyanError REPLAY_NOT_SUBSCRIBED, its cause the last probe's error where there was one; what sending a probe
 *   throws that no repetition mends; the signal's reason
 */
export async function waitForProbe(
  { store, clock, meter, signal }: Pick<Rebuilding, 'store' | 'clock' | 'meter' | 'signal'>,
  generation: Generation,
  { probe, onWaiting, ...given }: Subscription,
): Promise<void> {
  const { patienceMs, everyMs } = { ...defaults, ...given };
  // Of this run alone: one that came earlier says nothing of the present.
  const [id, subscription, begun] = [randomUUID(), subscriptionName(generation), clock.now()];
  meter.begin('subscribing');
  onWaiting?.(subscription);
  let unsent: unknown;
  for (let due = begun; ;) {
    signal.throwIfAborted();
    const now = clock.now();
    if (now >= due) {
      // A bus that cannot be reached is tried for as long as one lets it.
      const inTime = AbortSignal.any([signal, AbortSignal.timeout(Math.max(0, begun + patienceMs - now))]);
      unsent = await failureOf(probe({ subscription, id, at: new Date(now).toISOString() }, inTime));
      due = now + everyMs;
    }
    const state = await stateOf(store, generation);
    if (state?.kind === 'building' && state.heard === id) return;
    if (now - begun > patienceMs) throw notSubscribed(generation, patienceMs, unsent);
    meter.look();
    await wait(Math.min(lookEveryMs, everyMs));
  }
}

/** Why a probe was not sent, where that may pass. @throws what does not */
async function failureOf(sending: Promise<void>): Promise<unknown> {
  try {
    await sending;
    return undefined;
  } catch (error) {
    if (!mayPass(error)) throw error;
    return error;
  }
}

/**
 * Closes a generation to what its subscription brings, while its last events are folded and its floor is fixed, and
 * does that. Fails it, it takes what comes again, as before.
 */
export async function whileOpening<Result>(
  store: Pick<ViewStore, 'changeGeneration'>,
  generation: Generation,
  work: () => Promise<Result>,
): Promise<Result> {
  const change = (from: GenerationState['kind'], state: GenerationState): Promise<void> =>
    store.changeGeneration(generation, from, { state, floor: generation.floor });
  try {
    await change('building', { kind: 'opening' });
    return await work();
  } catch (error) {
    // Also when closing it failed: it may be done, its answer lost. The first error is the one to tell; who takes the
    // rebuild up again finds the state as it is.
    await change('opening', { kind: 'building' }).catch(() => undefined);
    throw error;
  }
}

async function stateOf(
  store: Pick<ViewStore, 'generations'>,
  { projection, number }: Generation,
): Promise<GenerationState | undefined> {
  return (await store.generations(projection)).find((one) => one.number === number)?.state;
}
