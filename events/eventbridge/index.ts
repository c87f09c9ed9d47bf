export {
  detailTypes,
  toDetail,
  toProbeDetail,
  toReferenceDetail,
  toTallyDetail,
  type Detail,
  type EventReference,
  type Probe,
} from './detail.ts';
export { fromDetail } from './from-detail.ts';
export { resolveFromLogs, type ResolveReference } from './references.ts';
export { subscriptionPattern, tallyPattern } from './pattern.ts';
export { queueName, ruleName } from './names.ts';
export { defaultPutLimits, type PutLimits } from './entry-size.ts';
export type { BackoffOptions } from './backoff.ts';
export { createEventSender, type EventSender, type EventSenderOptions } from './sender.ts';
export { filePublishCursor, type PublishCursor } from './publish-cursor.ts';
export { startPublisher, type Publisher, type PublisherOptions } from './publisher.ts';
export { createEventBridgeBus, type EventBridgeBus, type EventBridgeBusOptions } from './eventbridge-bus.ts';
export type { QueueSubscriptionLimits } from './queue-subscription.ts';
export { eventBridge, type EventBridgeDelivery } from './delivery.ts';
