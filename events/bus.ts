import type { Closeable } from 'banyan/runtime';
import type { DomainEvent, EventLogRef, Progress } from './domain-event.ts';

/** What a subscriber wants. */
export interface Subscription {
  /** Unique within the environment: `order-summary.g3`. */
  readonly name: string;
  readonly logs: readonly EventLogRef[];
  /** Event types; others are not delivered, though they count in the progress. */
  readonly types: readonly string[];
  /** What the subscriber has already; an ordered bus begins behind it. */
  readonly from: Progress;
}

/** Some events, and where the subscriber stands once it has them. */
export interface Delivery {
  readonly events: readonly DomainEvent[];
  /**
   * On an ordered bus: up to where everything was delivered, this delivery included; the subscriber keeps it with
   * what it makes of the events. May come with no events. Undefined on an unordered bus.
   */
  readonly progress: Progress | undefined;
}

/** Takes a delivery; when it resolves, the delivery is done. A throw stops an ordered subscription and is retried by an unordered one. */
export type DeliveryHandler = (delivery: Delivery) => Promise<void>;

/** A subscription under way. */
export interface RunningSubscription extends Closeable {
  /** Settles when the subscription ends: resolves after `close`, rejects with what stopped it. */
  readonly ended: Promise<void>;
}

/** Carries domain events from translators to projectors. Adapters: local (follows the event logs), EventBridge. */
export interface Bus extends Closeable {
  /**
   * Hands over events that are durable in their event log; at least once. The local bus needs no hand-over, since
   * its subscribers follow the logs.
   * @param signal aborting it gives up what is not handed over yet
   */
  publish(events: readonly DomainEvent[], signal?: AbortSignal): Promise<void>;
  subscribe(subscription: Subscription, handler: DeliveryHandler): Promise<RunningSubscription>;
}
