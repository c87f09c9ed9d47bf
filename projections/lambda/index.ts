export { sqsProjector, type SqsHandler, type SqsProjectorOptions } from './sqs-projector.ts';
export {
  trackerFunction,
  type TrackedView,
  type TrackerFunctionOptions,
  type TrackerHandler,
} from './tracker-function.ts';
export type { LambdaContext, SqsBatchResponse, SqsEvent, SqsRecord } from './function-types.ts';
export type { LogAttributes } from './event-fields.ts';
