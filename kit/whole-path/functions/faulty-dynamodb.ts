import type { Upstream } from '../../aws/emulators.ts';
import { startProxy, type ProxiedCall, type Proxy, type ProxyAnswer } from '../../aws/proxy.ts';

/** What happens to one call of DynamoDB on its way. */
export type Fault =
  | 'none'
  /** Refused before anything is done, as under load. */
  | 'throttled'
  /** Refused as if somebody else had written the item, or had a transaction on it. */
  | 'condition'
  /** Done, and nobody hears of it. */
  | 'lost-answer'
  /** A part of a batch is not done. */
  | 'unprocessed';

/** A DynamoDB that fails as AWS says it may. */
export interface FaultyDynamodb extends Proxy {
  /** How often each fault was met. */
  readonly counts: Readonly<Record<Fault, number>>;
}

interface FaultyOptions {
  /** Who answers. */
  readonly upstream: Upstream;
  /** Decides for each call, by its operation (`PutItem`). A fault that the operation cannot have is `none`. */
  readonly faultOf: (operation: string) => Fault;
  /** Decides which part of a transaction is in another's way. */
  readonly random: () => number;
}

/** What is asked of a table in a batch: keys to read, or rows to write. */
type Part = readonly unknown[] | { readonly Keys: readonly unknown[] };

/** What is asked of each table in a batch, and all that a transaction does. */
interface Body {
  readonly RequestItems?: Readonly<Record<string, Part>>;
  readonly TransactItems?: readonly unknown[];
}

/** By operation on batches: where its answer has what was left undone. */
const unprocessed: Readonly<Record<string, string>> = {
  BatchGetItem: 'UnprocessedKeys',
  BatchWriteItem: 'UnprocessedItems',
};

/** Puts faults between clients and an emulator or an account; listens on loopback. */
export async function startFaultyDynamodb({
  upstream,
  faultOf,
  random,
}: FaultyOptions): Promise<FaultyDynamodb> {
  const counts = { none: 0, throttled: 0, condition: 0, 'lost-answer': 0, unprocessed: 0 };
  const proxy = await startProxy(upstream, 'dynamodb', async (call) => {
    const fault = possible(faultOf(call.operation), call);
    counts[fault] += 1;
    switch (fault) {
      case 'throttled':
        return refusal('ProvisionedThroughputExceededException', {});
      case 'condition':
        return refusal(...conditionError(call, random()));
      case 'unprocessed':
        return passHalf(call);
      case 'lost-answer':
        await call.pass();
        return undefined;
      case 'none':
        return call.pass();
    }
  });
  return { ...proxy, counts };
}

function possible(fault: Fault, { operation, body }: ProxiedCall): Fault {
  if (fault === 'condition' && !body.includes('"ConditionExpression"')) return 'none';
  if (fault === 'unprocessed' && unprocessed[operation] === undefined) return 'none';
  return fault;
}

async function passHalf({ operation, body, pass }: ProxiedCall): Promise<ProxyAnswer> {
  const { now, later } = halved(body);
  const { status, text } = await pass(now);
  const name = unprocessed[operation] ?? '';
  const answered = JSON.parse(text) as Readonly<Record<string, object | undefined>>;
  return { status, text: JSON.stringify({ ...answered, [name]: { ...answered[name], ...later } }) };
}

/** @param luck from 0 to below 1: of a transaction, which part of it */
function conditionError({ operation, body }: ProxiedCall, luck: number): [code: string, more: object] {
  if (operation !== 'TransactWriteItems') return ['ConditionalCheckFailedException', {}];
  const { TransactItems = [] } = JSON.parse(body) as Body;
  const busy = Math.floor(luck * TransactItems.length);
  const reasons = TransactItems.map((_, at) => ({ Code: at === busy ? 'TransactionConflict' : 'None' }));
  return ['TransactionCanceledException', { CancellationReasons: reasons }];
}

function refusal(code: string, more: object): ProxyAnswer {
  const error = { __type: `com.amazonaws.dynamodb.v20120810#${code}`, message: 'made by the test', ...more };
  return { status: 400, text: JSON.stringify(error) };
}

/** The first half of what is asked of each table is done now; the rest comes back as it was given. */
function halved(body: string): { readonly now: string; readonly later: object } {
  const asked = JSON.parse(body) as Required<Body>;
  const part = (of: (all: readonly unknown[], middle: number) => readonly unknown[]): object =>
    Object.fromEntries(
      Object.entries(asked.RequestItems).flatMap(([table, one]) => {
        const all = 'Keys' in one ? one.Keys : one;
        const some = of(all, Math.ceil(all.length / 2));
        return some.length > 0 ? [[table, 'Keys' in one ? { ...one, Keys: some } : some]] : [];
      }),
    );
  const now = { ...asked, RequestItems: part((all, middle) => all.slice(0, middle)) };
  return { now: JSON.stringify(now), later: part((all, middle) => all.slice(middle)) };
}
