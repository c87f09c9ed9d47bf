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
