import {
  BatchGetItemCommand,
  BatchWriteItemCommand,
  CreateTableCommand,
  DeleteItemCommand,
  DeleteTableCommand,
  DescribeTableCommand,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  TransactWriteItemsCommand,
  UpdateItemCommand,
  type AttributeValue,
  type ConsumedCapacity,
  type DynamoDBClient,
} from '@aws-sdk/client-dynamodb';
import { BanyanError, type Logger } from 'banyan/runtime';
import { errorCause } from './error-cause.ts';
import { faultOf, isThrottled, type AwsError, type Fault } from './faults.ts';
import type { Gate } from './gate.ts';

/** An item as DynamoDB has it. */
export type Row = Record<string, AttributeValue>;

/** What a call has cost, in request units as DynamoDB counts them. */
export interface CallCost {
  /** As in the API: `PutItem`. */
  readonly operation: string;
  readonly readUnits: number;
  readonly writeUnits: number;
}

/** How DynamoDB is called. */
export interface DynamoOptions {
  readonly client: DynamoDBClient;
  /** That all calls of a process go through. */
  readonly gate: Gate;
  /** Milliseconds for which a call that is throttled, or whose answer is lost, is tried again. */
  readonly patienceMs: number;
  readonly logger: Logger;
  readonly onCost?: ((cost: CallCost) => void) | undefined;
  /** Told each time, also when the client itself tries again and the call goes well. */
  readonly onThrottled?: ((operation: string) => void) | undefined;
}

/** How often work on many rows is tried again at least, however long each time takes. */
const leastTries = 5;

const ofContention =
  'it is throttled, or its items are contended for. Look at the throttling and conflict metrics of the table.';

type Kind = 'read' | 'write' | 'table';

/** Gives the command, its throttling heard of. */
type Heard = <Command extends object>(command: Command) => Command;

/** The input of a command. */
type InputOf<Command extends new (input: never) => unknown> = ConstructorParameters<Command>[0];

/** The first pause before a call is tried again, and the longest, milliseconds. */
const [firstPauseMs, longestPauseMs] = [20, 2000];

/**
 * The calls of DynamoDB that a view store needs: so many at once as it takes, tried again while that may help. Answers
 * that are errors (a condition, a table that is not there) are thrown as the SDK has them; whatever else goes wrong is
 * a BanyanError.
 */
export type Dynamo = ReturnType<typeof createDynamo>;

/** @throws (each call) BanyanError VIEW_STORE_UNREACHABLE (retryable), VIEW_STORE_REFUSED, VIEW_STORE_FAILED */
export function createDynamo(options: DynamoOptions) {
  const { client, gate, onCost, onThrottled } = options;
  const told = onCost ? ({ ReturnConsumedCapacity: 'TOTAL' } as const) : {};
  const run = <Output extends object>(
    operation: string,
    kind: Kind,
    send: (heard: Heard) => Promise<Output>,
  ): Promise<Output> =>
    patiently(options, operation, async (spend) => {
      const output = await gate.pass((throttled) => {
        const heard = hearing(() => {
          throttled();
          onThrottled?.(operation);
        });
        // How long it waits for its turn says nothing about DynamoDB.
        return spend(() => send(heard));
      });
      if (onCost) tellCost(onCost, operation, kind, output);
      return output;
    });
  return {
    /** Runs work again, with longer and longer pauses, until it gives something. @param why it may not, in the end */
    until: <T extends object>(
      operation: string,
      work: () => Promise<T | undefined>,
      why = ofContention,
    ): Promise<T> => untilGiven(options, operation, work, why),
    get: (input: InputOf<typeof GetItemCommand>) =>
      run('GetItem', 'read', (heard) => client.send(heard(new GetItemCommand({ ...input, ...told })))),
    batchGet: (input: InputOf<typeof BatchGetItemCommand>) =>
      run('BatchGetItem', 'read', (heard) =>
        client.send(heard(new BatchGetItemCommand({ ...input, ...told }))),
      ),
    query: (input: InputOf<typeof QueryCommand>) =>
      run('Query', 'read', (heard) => client.send(heard(new QueryCommand({ ...input, ...told })))),
    put: (input: InputOf<typeof PutItemCommand>) =>
      run('PutItem', 'write', (heard) => client.send(heard(new PutItemCommand({ ...input, ...told })))),
    update: (input: InputOf<typeof UpdateItemCommand>) =>
      run('UpdateItem', 'write', (heard) => client.send(heard(new UpdateItemCommand({ ...input, ...told })))),
    delete: (input: InputOf<typeof DeleteItemCommand>) =>
      run('DeleteItem', 'write', (heard) => client.send(heard(new DeleteItemCommand({ ...input, ...told })))),
    batchWrite: (input: InputOf<typeof BatchWriteItemCommand>) =>
      run('BatchWriteItem', 'write', (heard) =>
        client.send(heard(new BatchWriteItemCommand({ ...input, ...told }))),
      ),
    transact: (input: InputOf<typeof TransactWriteItemsCommand>) =>
      run('TransactWriteItems', 'write', (heard) =>
        client.send(heard(new TransactWriteItemsCommand({ ...input, ...told }))),
      ),
    createTable: (input: InputOf<typeof CreateTableCommand>) =>
      run('CreateTable', 'table', (heard) => client.send(heard(new CreateTableCommand(input)))),
    describeTable: (input: InputOf<typeof DescribeTableCommand>) =>
      run('DescribeTable', 'table', (heard) => client.send(heard(new DescribeTableCommand(input)))),
    deleteTable: (input: InputOf<typeof DeleteTableCommand>) =>
      run('DeleteTable', 'table', (heard) => client.send(heard(new DeleteTableCommand(input)))),
  };
}

/** Tells each time that a command is throttled: inside of the client's own attempts, of which nobody hears otherwise. */
function hearing(throttled: () => void): Heard {
  return (command) => {
    // Each command has a type of stack of its own, by its input.
    const { middlewareStack } = command as Pick<GetItemCommand, 'middlewareStack'>;
    middlewareStack.add(
      (next) => async (args) => {
        try {
          return await next(args);
        } catch (error) {
          if (isThrottled(error)) throttled();
          throw error;
        }
      },
      { step: 'finalizeRequest', priority: 'low', name: 'banyan-throttling' },
    );
    return command;
  };
}

/** Runs a call and counts the time that it takes. */
type Spend = <T>(call: () => Promise<T>) => Promise<T>;

async function patiently<T>(
  { patienceMs, logger }: DynamoOptions,
  operation: string,
  call: (spend: Spend) => Promise<T>,
): Promise<T> {
  let spentMs = 0;
  const spend: Spend = async (work) => {
    const began = performance.now();
    try {
      return await work();
    } finally {
      spentMs += performance.now() - began;
    }
  };
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await call(spend);
    } catch (thrown) {
      // Need not be an Error of this realm, in which a socket's would lose its code.
      const error = thrown as AwsError;
      const fault = faultOf(error);
      if (fault === 'answer') throw error;
      const isWorthIt = fault === 'throttled' || fault === 'contended' || fault === 'passing';
      if (!isWorthIt || spentMs > patienceMs) throw tell(operation, fault, error);
      logger.debug({ err: errorCause(error), operation, attempt }, 'a call of DynamoDB is tried again');
      await spend(() => pause(attempt));
    }
  }
}

async function untilGiven<T extends object>(
  { patienceMs }: DynamoOptions,
  operation: string,
  work: () => Promise<T | undefined>,
  why: string,
): Promise<T> {
  const began = performance.now();
  for (let attempt = 0; ; attempt += 1) {
    const given = await work();
    if (given) return given;
    // Some tries in any case: one alone may take longer than that.
    if (attempt >= leastTries && performance.now() - began > patienceMs) {
      throw new BanyanError(
        'VIEW_STORE_UNREACHABLE',
        `${operation} of DynamoDB was not done within ${patienceMs} ms: ${why} The same again later may succeed.`,
        { retryable: true, details: { operation, patienceMs } },
      );
    }
    await pause(attempt);
  }
}

/** Twice as long each time, the whole of it at random: many who were throttled together come back apart. */
function pause(attempt: number): Promise<void> {
  const most = Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(attempt, 10));
  return new Promise((resolve) => setTimeout(resolve, most * Math.random()));
}

function tell(operation: string, fault: Fault, error: AwsError): BanyanError {
  const cause = errorCause(error);
  const options = { cause, details: { operation, error: error.name } };
  switch (fault) {
    case 'throttled':
    case 'contended':
    case 'passing':
      return new BanyanError(
        'VIEW_STORE_UNREACHABLE',
        `${operation} of DynamoDB was tried again and again, and failed: ${cause.message} (${error.name}). ` +
          'Check that it is let through to, and that its tables take as much as is asked of them.',
        { ...options, retryable: true },
      );
    case 'refused':
      return new BanyanError(
        'VIEW_STORE_REFUSED',
        `DynamoDB refuses ${operation}: ${cause.message} (${error.name}). Check the credentials, and that their ` +
          'policy has the actions that projections/README.md lists.',
        options,
      );
    case 'answer':
    case 'failed':
      return new BanyanError(
        'VIEW_STORE_FAILED',
        `${operation} of DynamoDB failed: ${cause.message} (${error.name}).`,
        options,
      );
  }
}

function tellCost(
  onCost: (cost: CallCost) => void,
  operation: string,
  kind: Kind,
  output: { readonly ConsumedCapacity?: ConsumedCapacity | ConsumedCapacity[] },
): void {
  const units = [output.ConsumedCapacity ?? []]
    .flat()
    .reduce((sum, { CapacityUnits = 0 }) => sum + CapacityUnits, 0);
  if (kind !== 'table')
    onCost({
      operation,
      readUnits: kind === 'read' ? units : 0,
      writeUnits: kind === 'write' ? units : 0,
    });
}
