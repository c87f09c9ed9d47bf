import { CreateEventBusCommand, EventBridgeClient } from '@aws-sdk/client-eventbridge';
import {
  DeleteMessageBatchCommand,
  ReceiveMessageCommand,
  SQSClient,
  type Message,
} from '@aws-sdk/client-sqs';
import { createEventSender, type EventSender } from 'banyan/events/eventbridge';
import type { SqsBatchResponse, SqsEvent } from 'banyan/projections/lambda';
import { closeAll, type Closeable } from 'banyan/runtime';
import { awsClient } from 'banyan/runtime/aws';
import { randomUUID } from 'node:crypto';
import { ensureSubscription } from '../events/eventbridge/subscription-resources.ts';
import { startEmulator, type EmulatorName } from '../kit/aws/start-emulator.ts';
import type { ExecutionEnvironment } from '../kit/lambda/execution-environment.ts';
import { log } from './replay-log.ts';
import view from './replay-view.ts';

/** What stands for AWS. */
export interface Stack extends Closeable {
  readonly dynamodb: string;
  /** The folder with Lambda's runtime client. */
  readonly runtimeClient: string;
  /** A new event bus, whose events of the view go to a queue of their own. */
  line(): Promise<Line>;
}

/** A bus, a rule and a queue. */
export interface Line {
  readonly sender: EventSender;
  /** Invokes the function with what comes until so many messages were taken. */
  drain(environment: ExecutionEnvironment, left: Left): Promise<void>;
}

/** Messages that are still to be taken, by all functions together, and how long functions have worked. */
export interface Left {
  messages: number;
  invocationMs: number;
}

/** Messages of an invocation: as an event source with a batch size of 100 and a short window. */
const batchMessages = 100;

/** Starts the emulators. @throws where one of them cannot run on this machine */
export async function startStack(): Promise<Stack> {
  const started: Closeable[] = [];
  const start = async (name: EmulatorName): Promise<string> => {
    const emulator = await startEmulator(name);
    started.push(emulator);
    if (emulator.kind === 'missing') throw new Error(emulator.why);
    return emulator.endpoint;
  };
  const close = (): Promise<void> => closeAll(started);
  try {
    const [dynamodb, aws] = [await start('dynamodb'), await start('ministack')];
    const runtimeClient = await start('lambda-ric');
    const config = {
      ...{ endpoint: aws, region: 'us-east-1', requestMs: 30_000 },
      credentials: { accessKeyId: 'bench', secretAccessKey: 'bench' },
    };
    const events = awsClient(EventBridgeClient, { upstream: 'eventbridge', ...config });
    const queues = awsClient(SQSClient, { upstream: 'sqs', ...config });
    return { dynamodb, runtimeClient, close, line: () => openLine(events, queues) };
  } catch (error) {
    await close();
    throw error;
  }
}

async function openLine(events: EventBridgeClient, queues: SQSClient): Promise<Line> {
  const busName = `bench-${randomUUID()}`;
  await events.send(new CreateEventBusCommand({ Name: busName }));
  const name = `${view.name}.g1`;
  const wanted = { name, logs: [log], types: [...view.handlers.keys()] };
  const QueueUrl = await ensureSubscription({ events, queues, busName }, wanted);
  return {
    sender: createEventSender({ events, busName }),
    drain: async (environment, left) => {
      while (left.messages > 0) {
        const messages = await receive(queues, QueueUrl);
        if (messages.length === 0) continue;
        const began = performance.now();
        const failed = await invoke(environment, messages);
        left.invocationMs += performance.now() - began;
        const taken = messages.filter(({ MessageId }) => !failed.has(MessageId));
        left.messages -= taken.length;
        await forget(queues, QueueUrl, taken);
      }
    },
  };
}

/** Asks as often at once as a batch needs: a call of SQS brings ten messages at most. */
async function receive(queues: SQSClient, QueueUrl: string): Promise<Message[]> {
  const asked = Array.from({ length: batchMessages / 10 }, () =>
    queues.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, VisibilityTimeout: 60 })),
  );
  return (await Promise.all(asked)).flatMap(({ Messages = [] }) => Messages);
}

async function invoke(
  environment: ExecutionEnvironment,
  messages: readonly Message[],
): Promise<ReadonlySet<string | undefined>> {
  const event: SqsEvent = {
    Records: messages.map(({ MessageId = '', Body = '' }) => ({ messageId: MessageId, body: Body })),
  };
  const invoked = await environment.invoke(event);
  if (invoked.kind !== 'response')
    throw new Error(`A function failed: ${JSON.stringify(invoked)}\n${environment.output.join('\n')}`);
  const { batchItemFailures } = invoked.response as SqsBatchResponse;
  return new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
}

async function forget(queues: SQSClient, QueueUrl: string, messages: readonly Message[]): Promise<void> {
  const batches = [];
  for (let at = 0; at < messages.length; at += 10) batches.push(messages.slice(at, at + 10));
  await Promise.all(
    batches.map((batch) => {
      const Entries = batch.map(({ MessageId: Id, ReceiptHandle }) => ({ Id, ReceiptHandle }));
      return queues.send(new DeleteMessageBatchCommand({ QueueUrl, Entries }));
    }),
  );
}
