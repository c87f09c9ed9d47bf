import {
  DeleteMessageBatchCommand,
  ReceiveMessageCommand,
  type Message,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import type { SqsBatchResponse, SqsEvent } from 'banyan/projections/lambda';
import { once, type Closeable } from 'banyan/runtime';

/** A function that a queue invokes. */
export type QueueFunction = (event: SqsEvent) => Promise<SqsBatchResponse>;

/** What an event source mapping does. */
export interface EventSourceOptions {
  readonly queues: SQSClient;
  readonly url: string;
  readonly invoke: QueueFunction;
  /** Whether the function is invoked, with no messages, where none came for a second: as by a schedule. */
  readonly scheduled?: boolean;
}

/** An event source mapping of Lambda; closing it waits for the batch under way. */
export interface EventSource extends Closeable {
  /** Batches that were handed over, and those of them that failed as a whole. */
  readonly figures: { batches: number; failed: number };
}

/**
 * Hands the messages of a queue to a function, batch by batch, and deletes what did not fail: the others come again
 * after their visibility timeout, all of them where the function throws.
 */
export function startEventSource(options: EventSourceOptions): EventSource {
  const { queues, url, invoke, scheduled = false } = options;
  const closing = new AbortController();
  const figures = { batches: 0, failed: 0 };
  const hand = async (messages: readonly Message[]): Promise<void> => {
    figures.batches += 1;
    try {
      const { batchItemFailures } = await invoke(eventOf(messages));
      const failed = new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
      await remove(
        queues,
        url,
        messages.filter(({ MessageId }) => !failed.has(String(MessageId))),
      );
    } catch {
      // As Lambda does: nothing is deleted, and all of it comes again.
      figures.failed += 1;
    }
  };
  const loop = async (): Promise<void> => {
    while (!closing.signal.aborted) {
      const messages = await receive(queues, url, closing.signal);
      if (messages.length > 0 || scheduled) await hand(messages);
    }
  };
  const ended = loop();
  return {
    figures,
    close: once(async () => {
      closing.abort();
      await ended;
    }),
  };
}

async function receive(queues: SQSClient, url: string, signal: AbortSignal): Promise<readonly Message[]> {
  const command = new ReceiveMessageCommand({ QueueUrl: url, MaxNumberOfMessages: 10, WaitTimeSeconds: 1 });
  try {
    return (await queues.send(command, { abortSignal: signal })).Messages ?? [];
  } catch (error) {
    if (signal.aborted) return [];
    throw error;
  }
}

async function remove(queues: SQSClient, QueueUrl: string, messages: readonly Message[]): Promise<void> {
  if (messages.length === 0) return;
  const Entries = messages.map(({ ReceiptHandle }, at) => ({ Id: String(at), ReceiptHandle }));
  await queues.send(new DeleteMessageBatchCommand({ QueueUrl, Entries }));
}

function eventOf(messages: readonly Message[]): SqsEvent {
  return {
    Records: messages.map(({ MessageId, Body }) => ({ messageId: String(MessageId), body: String(Body) })),
  };
}
