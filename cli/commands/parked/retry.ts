import {
  isParked,
  listParked,
  retryProjection,
  type CaughtUp,
  type Generation,
  type Stuck,
} from 'banyan/projections';
import type { ReplayProject } from 'banyan/replay';
import { BanyanError } from 'banyan/runtime';
import type { Command } from 'commander';
import { wholeNumber } from '../../arguments.ts';
import { replayProjectOf } from '../../config/replay-project.ts';
import type { CommandContext } from '../../context.ts';
import { refreshDev } from '../../dev/control.ts';
import { configOf, withConfig, withJson, type ConfigOptions } from '../options.ts';
import { catchUpKeys, caughtUpText, refuseStopped } from './catching-up.ts';
import { fedGeneration } from './chosen.ts';
import { keyNotParked } from './refusals.ts';

interface RetryOptions extends ConfigOptions {
  readonly json?: boolean;
  readonly dryRun?: boolean;
  readonly generation?: number;
}

/** `banyan parked retry` */
export function addRetryCommand(parked: Command, context: CommandContext): void {
  withJson(withConfig(parked.command('retry')))
    .description(
      'apply again what could not be applied, with the same code: when the cause lay outside of it',
    )
    .argument('<projection>')
    .argument('[keys...]', 'default: all parked keys, and the view itself when it stands still')
    .option('--generation <number>', 'default: the live one', wholeNumber())
    .option('--dry-run', 'say what would be tried, and do nothing')
    .addHelpText('after', '\nA corrected projection is a new generation: banyan replay start.\n')
    .action((name: string, keys: string[], options: RetryOptions) => retry(name, keys, options, context));
}

/** What is to be tried again. */
interface Wanted {
  readonly generation: Generation;
  readonly keys: readonly string[];
  /** What the view itself waits at. */
  readonly view: Stuck | undefined;
}

async function retry(
  name: string,
  keys: readonly string[],
  options: RetryOptions,
  context: CommandContext,
): Promise<void> {
  const project = await replayProjectOf(await configOf(options, context));
  const tell = (json: object, text: string): void =>
    context.terminal.out(options.json === true ? `${JSON.stringify(json)}\n` : text);
  try {
    await project.store.prepare();
    const { generation } = await fedGeneration(project, name, options.generation);
    const wanted = await wantedOf(project, generation, keys);
    const place = { projection: name, generation: generation.number };
    if (options.dryRun === true) {
      tell({ ...place, keys: wanted.keys, view: wanted.view ?? null }, wantedText(wanted));
      return;
    }
    const came = await catchUpKeys(project, generation, wanted.keys);
    const released = await release(project, wanted);
    tell({ ...place, ...came, released }, retriedText(name, came, released));
    refuseStopped(name, came);
  } finally {
    await project.store.close();
  }
}

async function wantedOf(
  project: ReplayProject,
  generation: Generation,
  named: readonly string[],
): Promise<Wanted> {
  const { store } = project;
  if (named.length > 0) {
    const keys = [...new Set(named)];
    const items = await store.readMany(generation, keys);
    const other = keys.find((key) => !isParked(items.get(key)));
    if (other !== undefined) throw keyNotParked(generation, other, items.get(other));
    return { generation, keys, view: undefined };
  }
  const keys = await allParked(project, generation);
  const { parked: view } = await store.tracking(generation);
  if (keys.length === 0 && !view) throw nothingParked(generation);
  return { generation, keys, view };
}

async function allParked({ store }: ReplayProject, generation: Generation): Promise<readonly string[]> {
  const keys: string[] = [];
  let after: string | undefined;
  do {
    const page = { limit: 1000, ...(after !== undefined && { after }) };
    const found = await listParked(store, generation, page);
    keys.push(...found.keys.map(({ key }) => key));
    after = found.next;
  } while (after !== undefined);
  return keys;
}

/** Lets the view itself go on; a `banyan dev` that runs begins to feed it at once. */
async function release({ store, directory }: ReplayProject, { generation, view }: Wanted): Promise<boolean> {
  if (!view) return false;
  await retryProjection(store, generation);
  await refreshDev(directory);
  return true;
}

function wantedText({ generation: { projection }, keys, view }: Wanted): string {
  return [
    ...keys.map((key) => `would try key ${JSON.stringify(key)} of ${projection}\n`),
    ...(view ? [`would let ${projection} go on at event ${view.eventId}\n`] : []),
  ].join('');
}

function retriedText(name: string, came: CaughtUp, released: boolean): string {
  return `${caughtUpText(name, came)}${released ? `${name} goes on; what it meets is told by banyan parked list\n` : ''}`;
}

function nothingParked({ projection, number }: Generation): BanyanError {
  return new BanyanError(
    'NOTHING_PARKED',
    `Nothing of view ${projection}, generation ${number}, is parked. See what is: banyan parked list.`,
    { details: { projection, generation: number } },
  );
}
