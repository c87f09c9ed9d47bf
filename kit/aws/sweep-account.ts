import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { SQSClient } from '@aws-sdk/client-sqs';
import { sweep } from './sweep.ts';
import { runBegan } from './test-names.ts';

/** Milliseconds after which what a run made is a leftover: it was killed before it could remove it. */
const leftoverMs = 6 * 3600 * 1000;

/** Removes from the account what a run of the tests made there. @returns names */
export async function sweepRun(run: string): Promise<readonly string[]> {
  return sweepAccount((name) => name.startsWith(`${run}-`));
}

/** Removes from the account what runs that were killed have left there. @returns names */
export async function sweepLeftovers(now: number): Promise<readonly string[]> {
  return sweepAccount((name) => now - (runBegan(name) ?? now) > leftoverMs);
}

async function sweepAccount(isDoomed: (name: string) => boolean): Promise<readonly string[]> {
  // Whatever it takes: deletions have small quotas.
  const config = { maxAttempts: 10 };
  const clients = {
    tables: new DynamoDBClient(config),
    events: new EventBridgeClient(config),
    queues: new SQSClient(config),
  };
  try {
    return await sweep(clients, isDoomed);
  } finally {
    for (const client of Object.values(clients)) client.destroy();
  }
}
