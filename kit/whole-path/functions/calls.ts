import { setTimeout as wait } from 'node:timers/promises';
import type { SqsBatchResponse, SqsRecord } from 'banyan/projections/lambda';
import type { ExecutionEnvironment, Invoked } from '../../lambda/execution-environment.ts';
import type { MessageQueue, ReceivedBatch } from './message-queue.ts';

/** What becomes of invocations. */
export interface CallWeather {
  /** Of an invocation: that its process is killed, or stands still for longer than the queue waits. */
  readonly kill: number;
  readonly sleep: number;
  /** Messages of a batch at most. */
  readonly batch: number;
  /** Milliseconds that an invocation may take; then its process is ended. */
  readonly timeMs: number;
}

interface CallerOptions {
  readonly queue: MessageQueue;
  readonly random: () => number;
  readonly weather: () => CallWeather;
  /** A new process for each that was killed. */
  readonly start: () => Promise<ExecutionEnvironment>;
  readonly isOver: () => boolean;
  /** Told which messages the queue has forgotten, since a function had taken them. */
  readonly onTaken: (records: readonly SqsRecord[]) => Promise<void>;
}

/** One instance of a function: takes batches from the queue until it is over, and has accidents on the way. */
export async function callFunction(options: CallerOptions): Promise<void> {
  const { queue, random, weather, start, isOver } = options;
  let running = await start();
  try {
    while (!isOver()) {
      if (!running.isAlive) {
        await running.close();
        running = await start();
      }
      const { kill, sleep, batch, timeMs } = weather();
      const received = queue.receive(1 + Math.floor(random() * batch));
      if (!received) {
        await wait(5);
        continue;
      }
      const luck = random();
      const answered = running.invoke(received.event, timeMs);
      if (luck < kill) await killed(running, answered, received, random);
      else if (luck < kill + sleep) await overslept(running, answered, received, random);
      else await options.onTaken(settle(received, await answered));
    }
  } finally {
    await running.close();
  }
}

async function killed(
  running: ExecutionEnvironment,
  answered: Promise<Invoked>,
  received: ReceivedBatch,
  random: () => number,
): Promise<void> {
  await wait(Math.floor(random() * 25));
  running.kill();
  await answered;
  // Whether it had answered by then or not: a queue that does not hear of it brings all of it again.
  received.fail();
}

async function overslept(
  running: ExecutionEnvironment,
  answered: Promise<Invoked>,
  received: ReceivedBatch,
  random: () => number,
): Promise<void> {
  await wait(Math.floor(random() * 25));
  running.freeze();
  // The messages are visible again, and somebody else takes them, before this process wakes up.
  received.fail();
  await wait(20 + Math.floor(random() * 200));
  running.thaw();
  await answered;
}

function settle(received: ReceivedBatch, invoked: Invoked): readonly SqsRecord[] {
  if (invoked.kind === 'response') return received.settle(invoked.response as SqsBatchResponse);
  received.fail();
  return [];
}
