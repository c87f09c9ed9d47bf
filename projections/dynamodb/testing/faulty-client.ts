import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { Upstream } from '../../../kit/aws/emulators.ts';
import { testClient } from './test-client.ts';

/** What happens to one attempt of a call, as AWS says it may. */
export type CallFault =
  | 'none'
  /** Refused before anything is done. */
  | 'throttled'
  /** Done, and nobody hears of it. */
  | 'lost-answer'
  /** Another transaction was on one of the rows. */
  | 'contended'
  /** The credentials may not. */
  | 'denied'
  /** What serves the call has not heard of the table yet. */
  | 'missing';

/** How calls fail; each is told the operation (`PutItem`). */
export interface Faults {
  /** May wait: then the process sleeps between having made a call and sending it. */
  readonly faultOf: (operation: string) => CallFault | Promise<CallFault>;
  /** Whether half of a batch is left undone. */
  readonly isHalved?: (operation: string) => boolean;
  /** Default 1: no retries of the SDK. */
  readonly maxAttempts?: number;
}

type Requests = Record<string, unknown[] | { readonly Keys: unknown[] }>;

/** A real client whose calls fail, beneath the SDK's own retries. */
export function faultyClient(
  upstream: Upstream,
  { faultOf, isHalved = () => false, maxAttempts = 1 }: Faults,
): DynamoDBClient {
  const client = testClient(upstream, maxAttempts);
  client.middlewareStack.add(
    (next, { commandName = '' }) =>
      async (args) => {
        const operation = operationOf(commandName);
        const fault = await faultOf(operation);
        if (fault === 'throttled') throw named('ThrottlingException', 400);
        if (fault === 'denied') throw named('AccessDeniedException', 400);
        if (fault === 'missing') throw named('ResourceNotFoundException', 400);
        if (fault === 'contended') throw contended(operation);
        const done = await next(args);
        if (fault === 'lost-answer') throw named('TimeoutError', 0);
        return done;
      },
    { step: 'deserialize', name: 'faults' },
  );
  client.middlewareStack.add(
    (next, { commandName = '' }) =>
      async (args) => {
        const { RequestItems: requests } = args.input as { readonly RequestItems?: Requests };
        const operation = operationOf(commandName);
        if (!requests || !isHalved(operation)) return next(args);
        const [now, later] = halves(requests);
        const done = await next({ ...args, input: { ...args.input, RequestItems: now } });
        const left = operation === 'BatchGetItem' ? 'UnprocessedKeys' : 'UnprocessedItems';
        return { ...done, output: { ...done.output, [left]: later } as never };
      },
    { step: 'initialize', name: 'halves' },
  );
  return client;
}

function operationOf(commandName: string): string {
  return commandName.replace(/Command$/, '');
}

function named(name: string, httpStatusCode: number): Error {
  return Object.assign(new Error('made by the test'), { name, $metadata: { httpStatusCode } });
}

function contended(operation: string): Error {
  if (operation !== 'TransactWriteItems') return named('TransactionConflictException', 400);
  const reasons = [{ Code: 'TransactionConflict' }, { Code: 'None' }];
  return Object.assign(named('TransactionCanceledException', 400), { CancellationReasons: reasons });
}

/** The first half of each table's requests, and the rest. */
function halves(requests: Requests): [now: Requests, later: Requests] {
  const part = (of: (list: unknown[], middle: number) => unknown[]): Requests =>
    Object.fromEntries(
      Object.entries(requests)
        .map(([table, asked]): [string, Requests[string]] => {
          if (Array.isArray(asked)) return [table, of(asked, Math.ceil(asked.length / 2))];
          return [table, { ...asked, Keys: of(asked.Keys, Math.ceil(asked.Keys.length / 2)) }];
        })
        .filter(([, asked]) => (Array.isArray(asked) ? asked : asked.Keys).length > 0),
    );
  return [part((list, middle) => list.slice(0, middle)), part((list, middle) => list.slice(middle))];
}
