export {
  event,
  type AnyEvent,
  type DataOf,
  type EventData,
  type EventDefinition,
  type NewEvent,
} from './event.ts';
export {
  translation,
  type KeyOf,
  type Lookups,
  type TableChange,
  type Transaction,
  type Translation,
  type TranslationDefinition,
  type Updated,
} from './translation.ts';
export {
  eventLogName,
  type DomainEvent,
  type EventLogRef,
  type EventMeta,
  type LogCursor,
  type OrderKey,
  type Progress,
} from './domain-event.ts';
export type { Bus, Delivery, DeliveryHandler, RunningSubscription, Subscription } from './bus.ts';
export { compareOrderKeys } from './order.ts';
export { decimal, timestamp } from './schemas.ts';
export { became, changed } from './predicates.ts';
export {
  eventAt,
  eventId,
  eventsOfLine,
  type EventLogLine,
  type EventLogTick,
  type EventsLine,
  type StoredEvent,
} from './event-log.ts';
export { readEvents, type EventChunk, type ReadEventsOptions } from './read-events.ts';
export {
  logEnds,
  readMerged,
  type LogEnd,
  type LogEnds,
  type MergedEvents,
  type MergedLog,
  type ReadMergedOptions,
} from './read-merged.ts';
export { startTranslator, type TranslatorOptions } from './start-translator.ts';
export type { Translator, TranslatorState, TranslatorStatus } from './translator.ts';
export { createLocalBus, type LocalBus, type LocalBusOptions } from './local-bus.ts';
export {
  createHostileBus,
  type HostileBus,
  type HostileBusOptions,
  type HostileFigures,
} from './hostile-bus.ts';
export { fateOf, type Fate, type Hostility } from './hostile-fate.ts';
export type { HostileLimits } from './hostile-subscription.ts';
export type { SubscriptionLimits } from './local-subscription.ts';
export type { Announcement } from './merge.ts';
export { viewTransaction } from './transaction-view.ts';
export type { Lookup, LookupState } from './lookup.ts';
export { checkedData, translationFailed, type EventTypes, type TranslationPlace } from './check-event.ts';
export type { Tally, TallyLine } from './tally.ts';
export { startTallyKeeper, type TallyKeeper, type TallyKeeperOptions } from './tally-keeper.ts';
export { tallyFeed, type TallyFeed } from './tally-feed.ts';
export { countEvents } from './count-events.ts';
export { cursorBefore } from './before-time.ts';
export type { DeliveryOptions, EventDelivery, Probe, PublishedLog, Publishing } from './delivery.ts';
