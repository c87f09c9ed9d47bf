/**
 * Whether the queues of buses take a text: SQS has the characters of XML. Control characters may be in it, since JSON
 * writes them as an escape sequence; U+FFFE, U+FFFF and halves of surrogate pairs may not: the first two are written as
 * they are, and what reads and writes the JSON on the way may do anything with the last.
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
 */
export function isCarriableText(text: string): boolean {
  return !foreign.test(text);
}

/** With the flag u, a surrogate is one that has no other half. */
const foreign = /[\ufffe\uffff\p{Surrogate}]/u;
