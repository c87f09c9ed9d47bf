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
}

/** The keys of each table in a batch, and all that a transaction does. */
interface Body {
  readonly RequestItems?: Readonly<Record<string, { readonly Keys: readonly unknown[] }>>;
  readonly TransactItems?: readonly unknown[];
}

/** Puts faults between clients and an emulator or an account; listens on loopback. */
export async function startFaultyDynamodb({ upstream, faultOf }: FaultyOptions): Promise<FaultyDynamodb> {
  const counts = { none: 0, throttled: 0, condition: 0, 'lost-answer': 0, unprocessed: 0 };
  const proxy = await startProxy(upstream, 'dynamodb', async (call) => {
    const fault = possible(faultOf(call.operation), call);
    counts[fault] += 1;
    switch (fault) {
      case 'throttled':
        return refusal('ProvisionedThroughputExceededException', {});
      case 'condition':
        return refusal(...conditionError(call));
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
  if (fault === 'unprocessed' && operation !== 'BatchGetItem') return 'none';
  return fault;
}

async function passHalf({ body, pass }: ProxiedCall): Promise<ProxyAnswer> {
  const { now, later } = halved(body);
  const { status, text } = await pass(now);
  return { status, text: withUnprocessed(text, later) };
}

function conditionError({ operation, body }: ProxiedCall): [code: string, more: object] {
  if (operation !== 'TransactWriteItems') return ['ConditionalCheckFailedException', {}];
  const { TransactItems = [] } = JSON.parse(body) as Body;
  const reasons = TransactItems.map((_, at) => ({ Code: at === 0 ? 'TransactionConflict' : 'None' }));
  return ['TransactionCanceledException', { CancellationReasons: reasons }];
}

function refusal(code: string, more: object): ProxyAnswer {
  const error = { __type: `com.amazonaws.dynamodb.v20120810#${code}`, message: 'made by the test', ...more };
  return { status: 400, text: JSON.stringify(error) };
}

/** The first half of each table's keys is asked for now; the others come back as they were given. */
function halved(body: string): { readonly now: string; readonly later: object } {
  const asked = JSON.parse(body) as Required<Body>;
  const part = (of: (keys: readonly unknown[], middle: number) => readonly unknown[]): object =>
    Object.fromEntries(
      Object.entries(asked.RequestItems)
        .map(
          ([table, one]) => [table, { ...one, Keys: of(one.Keys, Math.ceil(one.Keys.length / 2)) }] as const,
        )
        .filter(([, { Keys }]) => Keys.length > 0),
    );
  const now = { ...asked, RequestItems: part((keys, middle) => keys.slice(0, middle)) };
  return { now: JSON.stringify(now), later: part((keys, middle) => keys.slice(middle)) };
}

function withUnprocessed(text: string, later: object): string {
  const answered = JSON.parse(text) as { readonly UnprocessedKeys?: object };
  return JSON.stringify({ ...answered, UnprocessedKeys: { ...answered.UnprocessedKeys, ...later } });
}
