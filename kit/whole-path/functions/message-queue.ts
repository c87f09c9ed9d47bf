import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';

/** A message that waits, and how often it was received. */
interface Message {
  readonly id: string;
  readonly body: string;
  received: number;
}

/** What Lambda's event source mapping takes from a queue at once. */
export interface ReceivedBatch {
  readonly event: SQSEvent;
  /** What the function answered: the others are deleted. */
  settle(response: SQSBatchResponse): void;
  /** The function died or threw: all come again. */
  fail(): void;
}

/**
 * A queue with the event source mapping of Lambda, as far as a function can tell: messages come in any order and
 * company; those that fail come again, all of them where the function throws (AWS Lambda developer guide, "Handling
 * errors for an SQS event source").
 */
export class MessageQueue {
  readonly #random: () => number;
  readonly #waiting: Message[] = [];
  #inFlight = 0;
  #sent = 0;

  constructor(random: () => number) {
    this.#random = random;
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0 && this.#inFlight === 0;
  }

  send(body: string): void {
    this.#sent += 1;
    this.#waiting.push({ id: `m${String(this.#sent)}`, body, received: 0 });
  }

  /** @returns undefined when nothing waits */
  receive(most: number): ReceivedBatch | undefined {
    const taken: Message[] = [];
    while (taken.length < most && this.#waiting.length > 0)
      taken.push(...this.#waiting.splice(Math.floor(this.#random() * this.#waiting.length), 1));
    if (taken.length === 0) return undefined;
    this.#inFlight += taken.length;
    const end = (back: readonly Message[]): void => {
      this.#inFlight -= taken.length;
      this.#waiting.push(...back);
    };
    for (const message of taken) message.received += 1;
    return {
      event: { Records: taken.map(recordOf) },
      settle: ({ batchItemFailures }) => {
        const failed = new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
        end(taken.filter(({ id }) => failed.has(id)));
      },
      fail: () => end(taken),
    };
  }
}

function recordOf({ id, body, received }: Message): SQSRecord {
  const at = '1767225600000';
  return {
    messageId: id,
    receiptHandle: `${id}.${String(received)}`,
    body,
    attributes: {
      ApproximateReceiveCount: String(received),
      SentTimestamp: at,
      SenderId: 'events',
      ApproximateFirstReceiveTimestamp: at,
    },
    messageAttributes: {},
    md5OfBody: '',
    eventSource: 'aws:sqs',
    eventSourceARN: 'arn:aws:sqs:us-east-1:000000000000:trails-g1',
    awsRegion: 'us-east-1',
  };
}
