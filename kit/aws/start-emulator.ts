import { startDynamoDB } from './dynamodb.ts';
import { startElasticMq } from './elasticmq.ts';
import { installLambdaRic } from './lambda-ric.ts';
import { startMiniStack } from './ministack.ts';
import type { RunningServer } from './server.ts';
import { Unavailable } from './unavailable.ts';

/** What stands for AWS in tests and benchmarks. */
export type EmulatorName = 'dynamodb' | 'ministack' | 'elasticmq' | 'lambda-ric';

/**
 * An emulator that was asked for. The endpoint is `http://127.0.0.1:PORT`; of `lambda-ric`, the `node_modules` folder
 * that has `aws-lambda-ric`.
 */
export type Emulator =
  | { readonly kind: 'running'; readonly endpoint: string }
  | { readonly kind: 'missing'; readonly why: string };

/** One that its starter has to close. */
export type StartedEmulator = Emulator & { readonly close: () => Promise<void> };

const starters: Readonly<Record<EmulatorName, (signal?: AbortSignal) => Promise<RunningServer>>> = {
  ...{ dynamodb: startDynamoDB, ministack: startMiniStack, elasticmq: startElasticMq },
  'lambda-ric': installLambdaRic,
};

/** Whether a word is the name of an emulator. */
export function isEmulatorName(word: string): word is EmulatorName {
  return Object.hasOwn(starters, word);
}

/**
 * Installs an emulator where this machine has none yet, and starts one that belongs to the caller. It ends with the
 * process that started it, if not closed before. In tests use `emulator` instead, which all files of a run share.
 */
export async function startEmulator(name: EmulatorName, signal?: AbortSignal): Promise<StartedEmulator> {
  try {
    return { kind: 'running', ...(await starters[name](signal)) };
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error;
    return { kind: 'missing', why: error.message, close: async () => undefined };
  }
}
