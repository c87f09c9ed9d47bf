/*
 * What the functions take and give, as far as they look at it; `@types/aws-lambda` has the same shapes.
 */

/** A message of a queue. */
export interface SqsRecord {
  readonly messageId: string;
  readonly body: string;
}

/** A batch of messages. */
export interface SqsEvent {
  readonly Records: readonly SqsRecord[];
}

/** Messages that are to come again; the queue forgets the others. The event source reports partial failures. */
export interface SqsBatchResponse {
  batchItemFailures: { itemIdentifier: string }[];
}

/** The invocation. */
export interface LambdaContext {
  readonly awsRequestId: string;
  getRemainingTimeInMillis(): number;
}
