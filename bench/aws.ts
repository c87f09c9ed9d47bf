import { readEvents, type DomainEvent, type EventLogLine } from 'banyan/events';
import { toDetail } from 'banyan/events/eventbridge';
import type { SqsHandler } from 'banyan/projections/lambda';
import { bundleFunction } from 'banyan/replay';
import { closeAll, nodeFileSystem, openLogReader, openLogWriter, type Closeable } from 'banyan/runtime';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEnvironment } from '../kit/lambda/execution-environment.ts';
import { minimal, projector } from './aws-functions.ts';
import { prepare, runOnce, type AwsInput, type AwsRates, type Contender } from './aws-run.ts';
import { startStack, type Stack } from './aws-stack.ts';
import { quantile, runBench, type Figures } from './bench.ts';
import { log, writeEventLog, type Keys } from './replay-log.ts';

const contenders = ['minimal', 'convergent'] as const;
const entries = {
  minimal: 'export const handler = minimal(process.env);',
  convergent: 'export const handler = projector(process.env);',
  tracker: 'export const handler = await tracker(process.env);',
} as const;
type FunctionName = keyof typeof entries;
const exported = { minimal: 'minimal', convergent: 'projector', tracker: 'tracker' } as const;
const starts = 7;

await runBench(
  'Events a second through EventBridge, SQS, the projector function and DynamoDB (their emulators), beside a minimal function.',
  async ({ quick }, say) => {
    const directory = await mkdtemp(join(tmpdir(), 'banyan-bench-aws-'));
    const started: Closeable[] = [{ close: () => rm(directory, { recursive: true, force: true }) }];
    try {
      const stack = await startStack();
      started.push(stack);
      const { bundles, figures: sizes } = await bundleAll(directory);
      const figures: Record<string, number> = { ...sizes, ...(await coldStarts(stack, directory, bundles)) };
      for (const keys of ['distinct', 'skewed'] satisfies Keys[]) {
        const { events, reader } = await openLog(join(directory, keys), keys, quick ? 1000 : 4000);
        started.push(reader);
        const input = { stack, events, reader, bundles };
        const suffix = keys === 'distinct' ? '' : 'Skewed';
        Object.assign(figures, await race(input, suffix, quick ? 1 : 3, say));
        Object.assign(figures, await costs(stack, events.slice(0, 2000), suffix));
      }
      return figures;
    } finally {
      await closeAll(started);
    }
  },
);

async function bundleAll(
  directory: string,
): Promise<{ readonly bundles: Record<FunctionName, string>; readonly figures: Figures }> {
  const bundles: Record<string, string> = {};
  const sizes: number[] = [];
  const figures: Record<string, number> = {};
  for (const [name, line] of Object.entries(entries) as [FunctionName, string][]) {
    const entry = `import { ${exported[name]} } from './bench/aws-functions.ts';\n${line}\n`;
    const { text, bytes } = await bundleFunction(entry, process.cwd());
    const folder = join(directory, name);
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'index.mjs'), text);
    bundles[name] = folder;
    figures[`${name}Kilobytes`] = bytes / 1000;
    if (name !== 'minimal') sizes.push(bytes / 1000);
  }
  figures['largestBundleKilobytes'] = Math.max(...sizes);
  return { bundles: bundles, figures };
}

/** From the start of the process with the runtime client to its asking for an invocation; the median of some. */
async function coldStarts(
  { runtimeClient, dynamodb }: Stack,
  directory: string,
  bundles: Readonly<Record<FunctionName, string>>,
): Promise<Figures> {
  // The tracker opens them as it begins.
  const [events, tallies] = [join(directory, 'logs', 'events'), join(directory, 'logs', 'tallies')];
  await writeEventLog(events, 100, 'distinct');
  const owner = { fileSystem: nodeFileSystem, owner: 'a benchmark', kind: 'tallies', name: 'shop:orders@1' };
  await (await openLogWriter({ directory: tallies, ...owner })).close();
  const figures: Record<string, number> = {};
  for (const name of Object.keys(entries) as FunctionName[]) {
    const times: number[] = [];
    for (let at = 0; at < starts; at += 1) {
      const env = { DYNAMODB: dynamodb, PREFIX: 'bench', LOGS: join(directory, 'logs') };
      const environment = await startEnvironment({ runtimeClient, directory: bundles[name], env });
      times.push(environment.initMs);
      await environment.close();
    }
    figures[`${name}ColdStartMs`] = quantile(times, 0.5);
  }
  const { convergentColdStartMs = 0, trackerColdStartMs = 0 } = figures;
  return { ...figures, coldStartMs: Math.max(convergentColdStartMs, trackerColdStartMs) };
}

async function openLog(directory: string, keys: Keys, count: number) {
  await writeEventLog(directory, count, keys);
  const reader = await openLogReader<EventLogLine>({ directory, fileSystem: nodeFileSystem });
  const events: DomainEvent[] = [];
  for await (const chunk of readEvents(reader, log)) events.push(...chunk.events);
  return { events, reader };
}

/** The two by turns, so that what the machine does besides meets both; the best of each. */
async function race(
  input: AwsInput,
  suffix: string,
  rounds: number,
  say: (line: string) => void,
): Promise<Figures> {
  const best: Record<Contender, AwsRates> = {
    minimal: { whole: 0, functions: 0 },
    convergent: { whole: 0, functions: 0 },
  };
  for (let round = 0; round < rounds; round += 1) {
    for (const contender of contenders) {
      const { whole, functions } = await runOnce(input, contender);
      say(`${contender}${suffix}: ${whole.toFixed(0)} events/s, functions alone ${functions.toFixed(0)}`);
      const before = best[contender];
      best[contender] = {
        whole: Math.max(whole, before.whole),
        functions: Math.max(functions, before.functions),
      };
    }
  }
  return {
    [`eventsPerSecond${suffix}`]: best.convergent.whole,
    [`ratioToMinimal${suffix}`]: best.convergent.whole / best.minimal.whole,
    [`functionsRatioToMinimal${suffix}`]: best.convergent.functions / best.minimal.functions,
  };
}

/** What each asks of DynamoDB, in batches of 100. */
async function costs(stack: Stack, events: readonly DomainEvent[], suffix: string): Promise<Figures> {
  const of = async (contender: Contender): Promise<{ readonly calls: number; readonly units: number }> => {
    const { prefix } = await prepare(stack.dynamodb, contender);
    const env = { DYNAMODB: stack.dynamodb, PREFIX: prefix };
    let [calls, units] = [0, 0];
    const add = (more: number): void => {
      calls += 1;
      units += more;
    };
    const handler = contender === 'minimal' ? minimal(env, add) : projector(env, add);
    await handleAll(handler, events);
    return { calls: calls / events.length, units: units / events.length };
  };
  const [naive, convergent] = [await of('minimal'), await of('convergent')];
  return {
    [`callsPerEvent${suffix}`]: convergent.calls,
    [`callsPerEventMinimal${suffix}`]: naive.calls,
    [`requestUnitsPerEvent${suffix}`]: convergent.units,
    [`requestUnitsPerEventMinimal${suffix}`]: naive.units,
  };
}

async function handleAll(handler: SqsHandler, events: readonly DomainEvent[]): Promise<void> {
  const context = { awsRequestId: 'bench', getRemainingTimeInMillis: () => 60_000 };
  for (let at = 0; at < events.length; at += 100) {
    const records = events.slice(at, at + 100).map((event) => ({
      messageId: event.id,
      body: `{"detail-type":"${event.type}","source":"banyan.shop","detail":${toDetail(event)}}`,
    }));
    const { batchItemFailures } = await handler({ Records: records }, context);
    if (batchItemFailures.length > 0) throw new Error(`${batchItemFailures.length} messages were not taken`);
  }
}
