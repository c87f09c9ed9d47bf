import {
  ConditionalCheckFailedException,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
} from '@aws-sdk/client-dynamodb';
import type { ViewStore } from 'banyan/projections';
import { nodeFileSystem, openLogReader } from 'banyan/runtime';
import { awsClient, emfMetrics, lambdaLogger } from 'banyan/runtime/aws';
import { resolveFromLogs } from 'banyan/events/eventbridge';
import { tallyFeed, type EventLogLine, type TallyLine } from 'banyan/events';
import { dynamodbViews } from 'banyan/projections/dynamodb';
import {
  sqsProjector,
  trackerFunction,
  type SqsHandler,
  type SqsProjectorOptions,
  type TrackerHandler,
} from 'banyan/projections/lambda';
import { countCalls, type OnCall } from './aws-units.ts';
import { log } from './replay-log.ts';
import view from './replay-view.ts';

/** What the functions find in their environment. */
export interface FunctionEnv {
  readonly DYNAMODB?: string;
  /** How the names of tables begin. */
  readonly PREFIX?: string;
  /** Of the event log and the tallies; the tracker's. */
  readonly LOGS?: string;
}

/** The generation that they serve. */
export const generationId = { projection: view.name, number: 1 };

/** A client as the functions have it; `banyan/runtime/aws` keeps its connections, for the minimal one too. */
export function dynamodbClient(endpoint = '', onCall?: OnCall): DynamoDBClient {
  const client = awsClient(DynamoDBClient, {
    ...{ upstream: 'dynamodb', endpoint, region: 'us-east-1' },
    credentials: { accessKeyId: 'bench', secretAccessKey: 'bench' },
  });
  if (onCall) countCalls(client, onCall);
  return client;
}

/** Banyan's projector. */
export function projector(env: FunctionEnv, onCall?: OnCall): SqsHandler {
  return sqsProjector({
    ...{ projection: view, generation: generationId, group: 'bench', ...told(onCall !== undefined) },
    store: storeOf(env, onCall),
    resolve: resolveFromLogs(() => {
      throw new Error('no event here is too large for the bus');
    }),
  });
}

/** Banyan's watermark tracker. */
export async function tracker(env: FunctionEnv): Promise<TrackerHandler> {
  const { LOGS = '' } = env;
  const reader = await openLogReader<EventLogLine>({
    directory: `${LOGS}/events`,
    fileSystem: nodeFileSystem,
  });
  const tallies = await openLogReader<TallyLine>({
    directory: `${LOGS}/tallies`,
    fileSystem: nodeFileSystem,
  });
  const of = { projection: view, generation: generationId, store: storeOf(env) };
  const views = [{ ...of, logs: [{ log, reader }], tallies: tallyFeed(() => tallies) }];
  return trackerFunction({ views, group: 'bench', ...told() });
}

function storeOf({ DYNAMODB, PREFIX = '' }: FunctionEnv, onCall?: OnCall): ViewStore {
  return dynamodbViews({ client: dynamodbClient(DYNAMODB, onCall), prefix: PREFIX });
}

/** @param isQuiet whether it runs in the benchmark's own process, whose output is the benchmark's */
function told(isQuiet = false): Pick<SqsProjectorOptions, 'logger' | 'metrics'> {
  const service = 'bench';
  const nothing = (): void => undefined;
  return {
    logger: lambdaLogger({ service, group: service }),
    metrics: isQuiet
      ? { count: nothing, gauge: nothing, latency: nothing, flush: nothing }
      : emfMetrics({ namespace: 'Banyan', service }),
  };
}

/** A message as EventBridge puts it into a queue, as far as the minimal function looks at it. */
interface Message {
  readonly detail: {
    readonly time: string;
    readonly data: {
      readonly orderId: string;
      readonly customerId: string;
      readonly total: string;
      readonly status: string;
      readonly lines: readonly unknown[];
    };
  };
}

/** What is written by hand where nobody thinks of repetitions or of order: read, fold, write if unchanged. */
export function minimal({ DYNAMODB, PREFIX = '' }: FunctionEnv, onCall?: OnCall): SqsHandler {
  const client = dynamodbClient(DYNAMODB, onCall);
  const TableName = minimalTable(PREFIX);
  const apply = async (body: string): Promise<void> => {
    const { detail } = JSON.parse(body) as Message;
    const { lines, ...order } = detail.data;
    const Key = { key: { S: order.orderId } };
    for (;;) {
      const get = new GetItemCommand({ TableName, Key, ConsistentRead: true });
      const { Item } = await client.send(get);
      const old = JSON.parse(Item?.['document']?.S ?? '{}') as { placed?: number; since?: string };
      const document = {
        ...{ ...order, lines: lines.length },
        ...{ placed: (old.placed ?? 0) + 1, since: old.since ?? detail.time },
      };
      const version = Number(Item?.['version']?.N ?? 0);
      const put = new PutItemCommand({
        TableName,
        Item: { ...Key, document: { S: JSON.stringify(document) }, version: { N: String(version + 1) } },
        ConditionExpression: 'attribute_not_exists(version) OR version = :version',
        ExpressionAttributeValues: { ':version': { N: String(version) } },
      });
      try {
        await client.send(put);
        return;
      } catch (error) {
        if (!(error instanceof ConditionalCheckFailedException)) throw error;
      }
    }
  };
  return async ({ Records: records }) => {
    const batchItemFailures = [];
    for (const { messageId, body } of records) {
      try {
        await apply(body);
      } catch {
        batchItemFailures.push({ itemIdentifier: messageId });
      }
    }
    return { batchItemFailures };
  };
}

/** The minimal function's only table. */
export function minimalTable(prefix: string): string {
  return `${prefix}.minimal`;
}
