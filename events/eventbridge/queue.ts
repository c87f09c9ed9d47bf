import {
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageBatchCommand,
  ReceiveMessageCommand,
  type Message,
  type SQSClient,
} from '@aws-sdk/client-sqs';

/** How a queue is read. Seconds are whole, as SQS has them. */
export interface QueueLimits {
  /** Seconds that a call for messages waits for some. At most 20. */
  readonly waitSeconds: number;
  /** Seconds that a message is hidden from others while it is handled; then it comes again. */
  readonly hiddenSeconds: number;
  /** Seconds before the first redelivery of what was refused; each further time twice as many. */
  readonly retrySeconds: number;
  /** Seconds before any redelivery at most. */
  readonly mostRetrySeconds: number;
}

/** Messages of one call, as SQS bounds them. */
const mostMessages = 10;

/** Takes up to ten messages; none when none came in time. */
export async function receive(
  client: SQSClient,
  QueueUrl: string,
  { waitSeconds, hiddenSeconds }: QueueLimits,
  signal: AbortSignal,
): Promise<readonly Message[]> {
  const command = new ReceiveMessageCommand({
    QueueUrl,
    MaxNumberOfMessages: mostMessages,
    WaitTimeSeconds: waitSeconds,
    VisibilityTimeout: hiddenSeconds,
    MessageSystemAttributeNames: ['ApproximateReceiveCount'],
  });
  // Longer than the poll, whatever the client's own time limit.
  const options = { abortSignal: signal, requestTimeout: (waitSeconds + 5) * 1000 };
  const { Messages = [] } = await client.send(command, options);
  return Messages;
}

/** Deletes messages that are done with. @returns how many were not deleted, and so come again */
export async function remove(
  client: SQSClient,
  QueueUrl: string,
  messages: readonly Message[],
): Promise<number> {
  if (messages.length === 0) return 0;
  const Entries = messages.map(({ ReceiptHandle }, at) => ({ Id: String(at), ReceiptHandle }));
  const { Failed = [] } = await client.send(new DeleteMessageBatchCommand({ QueueUrl, Entries }));
  return Failed.length;
}

/** Puts messages back, each hidden for longer the oftener it has come. */
export async function putBack(
  client: SQSClient,
  QueueUrl: string,
  messages: readonly Message[],
  limits: QueueLimits,
): Promise<void> {
  if (messages.length === 0) return;
  const Entries = messages.map((message, at) => ({
    Id: String(at),
    ReceiptHandle: message.ReceiptHandle,
    VisibilityTimeout: secondsUntilAgain(message, limits),
  }));
  await client.send(new ChangeMessageVisibilityBatchCommand({ QueueUrl, Entries }));
}

function secondsUntilAgain({ Attributes }: Message, { retrySeconds, mostRetrySeconds }: QueueLimits): number {
  const times = Number(Attributes?.ApproximateReceiveCount ?? 1);
  return Math.min(mostRetrySeconds, retrySeconds * 2 ** (times - 1));
}
