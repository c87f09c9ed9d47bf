import { listParked, type ParkedKey, type Stuck } from 'banyan/projections';
import type { ReplayProject } from 'banyan/replay';
import type { Command } from 'commander';
import { wholeNumber } from '../../arguments.ts';
import { replayProjectOf } from '../../config/replay-project.ts';
import type { CommandContext } from '../../context.ts';
import { table } from '../../terminal/output.ts';
import { number } from '../../terminal/progress-line.ts';
import { configOf, withConfig, withJson, type ConfigOptions } from '../options.ts';
import { fedGenerations, type FedGeneration } from './chosen.ts';

interface ListOptions extends ConfigOptions {
  readonly json?: boolean;
  readonly limit: number;
}

/** Where it waits. */
interface Place {
  readonly projection: string;
  readonly generation: number;
  readonly isLive: boolean;
}

/** What waits. */
interface ParkedList {
  /** Views that stand still as a whole. */
  readonly views: readonly (Place & Stuck)[];
  readonly keys: readonly (Place & ParkedKey)[];
  /** Whether there are more keys than were asked for. */
  readonly hasMore: boolean;
}

/** `banyan parked list` */
export function addListCommand(parked: Command, context: CommandContext): void {
  withJson(withConfig(parked.command('list')))
    .description('all that is parked, with the event that each waits at, and why')
    .argument('[projections...]', 'default: all; of each the generations that are live or ready')
    .option('--limit <keys>', 'keys that are listed of each generation', wholeNumber(), 100)
    .action((names: string[], options: ListOptions) => list(names, options, context));
}

async function list(
  names: readonly string[],
  options: ListOptions,
  { terminal, ...context }: CommandContext,
): Promise<void> {
  const project = await replayProjectOf(await configOf(options, { terminal, ...context }));
  try {
    await project.store.prepare();
    const found = await parkedList(project, names, options.limit);
    terminal.out(options.json === true ? `${JSON.stringify(found)}\n` : listText(found));
  } finally {
    await project.store.close();
  }
}

async function parkedList(
  project: ReplayProject,
  names: readonly string[],
  limit: number,
): Promise<ParkedList> {
  const views: (Place & Stuck)[] = [];
  const keys: (Place & ParkedKey)[] = [];
  let hasMore = false;
  for (const one of await fedGenerations(project, names)) {
    const place = placeOf(one);
    const { parked } = await project.store.tracking(one.generation);
    if (parked) views.push({ ...place, ...parked });
    const some = await firstKeys(project, one, limit);
    keys.push(...some.keys.map((key) => ({ ...place, ...key })));
    hasMore ||= some.hasMore;
  }
  return { views, keys, hasMore };
}

async function firstKeys(
  { store }: ReplayProject,
  { generation }: FedGeneration,
  limit: number,
): Promise<{ readonly keys: readonly ParkedKey[]; readonly hasMore: boolean }> {
  const keys: ParkedKey[] = [];
  let after: string | undefined;
  do {
    const page = { limit: Math.min(1000, limit - keys.length), ...(after !== undefined && { after }) };
    const found = await listParked(store, generation, page);
    keys.push(...found.keys);
    after = found.next;
  } while (after !== undefined && keys.length < limit);
  return { keys, hasMore: after !== undefined };
}

function placeOf({ generation, isLive }: FedGeneration): Place {
  return { projection: generation.projection, generation: generation.number, isLive };
}

function listText({ views, keys, hasMore }: ParkedList): string {
  if (views.length + keys.length === 0) return 'Nothing is parked.\n';
  const generationOf = ({ generation, isLive }: Omit<Place, 'projection'>): string =>
    isLive ? `${number(generation)} (live)` : number(generation);
  const stopped = views.map(
    ({ projection, eventId, message, ...place }) =>
      `View ${projection}, generation ${generationOf(place)}, stands still at event ${eventId}: ${message}\n` +
      `  next: banyan replay start ${projection}, once its code is right; or banyan parked retry ${projection}\n`,
  );
  const parts = stopped.length === 0 ? [] : [stopped.join('')];
  if (keys.length > 0)
    parts.push(
      table(
        ['view', 'generation', 'key', 'event', 'code', 'why'],
        keys.map((one) => [
          ...[one.projection, generationOf(one), one.key, one.eventId, one.code],
          ...[one.message],
        ]),
      ),
    );
  if (hasMore) parts.push('There are more (--limit).\n');
  return parts.join('\n');
}
