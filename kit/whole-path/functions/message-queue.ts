import type { SqsBatchResponse, SqsEvent, SqsRecord } from 'banyan/projections/lambda';

/** A message that waits. */
interface Message {
  readonly id: string;
  readonly body: string;
}

/** What Lambda's event source mapping takes from a queue at once. */
export interface ReceivedBatch {
  readonly event: SqsEvent;
  /** What the function answered: the others are deleted. @returns those */
  settle(response: SqsBatchResponse): readonly SqsRecord[];
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
    this.#waiting.push({ id: `m${String(this.#sent)}`, body });
  }

  /** @returns undefined when nothing waits */
  receive(most: number): ReceivedBatch | undefined {
    const taken: Message[] = [];
    while (taken.length < most && this.#waiting.length > 0)
      taken.push(...this.#waiting.splice(Math.floor(this.#random() * this.#waiting.length), 1));
    if (taken.length === 0) return undefined;
    this.#inFlight += taken.length;
    const records = taken.map(({ id, body }) => ({ messageId: id, body }));
    const end = (back: readonly Message[]): void => {
      this.#inFlight -= taken.length;
      this.#waiting.push(...back);
    };
    return {
      event: { Records: records },
      settle: ({ batchItemFailures }) => {
        const failed = new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
        end(taken.filter(({ id }) => failed.has(id)));
        return records.filter(({ messageId }) => !failed.has(messageId));
      },
      fail: () => end(taken),
    };
  }
}
