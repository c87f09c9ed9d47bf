import {
  isParked,
  skipStuck,
  type CaughtUp,
  type Generation,
  type GenerationId,
  type Stuck,
  type ViewStore,
} from 'banyan/projections';
import { appendHistory, type ReplayProject } from 'banyan/replay';
import type { Command } from 'commander';
import { wholeNumber } from '../../arguments.ts';
import { replayProjectOf } from '../../config/replay-project.ts';
import type { CommandContext } from '../../context.ts';
import { refreshDev } from '../../dev/control.ts';
import { configOf, withConfig, withJson, type ConfigOptions } from '../options.ts';
import { confirmed } from '../replay/ask.ts';
import { catchUpKeys, caughtUpText, refuseStopped } from './catching-up.ts';
import { fedGeneration } from './chosen.ts';
import { keyNotParked, otherEvent, projectionNotParked } from './refusals.ts';

interface SkipOptions extends ConfigOptions {
  readonly json?: boolean;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
  readonly generation?: number;
  readonly event: string;
  readonly why: string;
}

const meetsAgain =
  'The event stays in its event log: a generation that is built anew meets it again, and is parked at it unless its ' +
  'code takes it.';

/** `banyan parked skip` */
export function addSkipCommand(parked: Command, context: CommandContext): void {
  withJson(withConfig(parked.command('skip')))
    .description('let a parked key, or a view that stands still, go on without the event; cannot be undone')
    .argument('<projection>')
    .argument('[key]', 'absent: the view itself, which stands still at an event whose key cannot be told')
    .requiredOption('--event <id>', 'the event that is left out, as banyan parked list tells it')
    .requiredOption('--why <reason>', 'for the history')
    .option('--generation <number>', 'default: the live one', wholeNumber())
    .option('--yes', 'do not ask')
    .option('--dry-run', 'say what would be done, and do nothing')
    .addHelpText('after', `\n${meetsAgain} When the code is wrong, correct it and replay instead.\n`)
    .action((name: string, key: string | undefined, options: SkipOptions) =>
      skip(name, key, options, context),
    );
}

/** What is to be left out, and of what. */
interface Wanted {
  readonly group: string;
  readonly generation: Generation;
  /** Absent: of the view itself. */
  readonly key: string | undefined;
  readonly eventId: string;
}

async function skip(
  name: string,
  key: string | undefined,
  options: SkipOptions,
  context: CommandContext,
): Promise<void> {
  const project = await replayProjectOf(await configOf(options, context));
  const { terminal } = context;
  try {
    await project.store.prepare();
    const wanted = {
      ...(await fedGeneration(project, name, options.generation)),
      key,
      eventId: options.event,
    };
    await refuseOther(project.store, wanted);
    const told = toldOf(wanted);
    if (options.dryRun === true) {
      const json = options.json === true;
      terminal.out(json ? `${JSON.stringify(told)}\n` : `would leave ${whatText(wanted)}\n`);
    } else if (await confirmed(`${meetsAgain} Leave ${whatText(wanted)}?`, options, context)) {
      const came = await leaveOut(project, wanted, options.why);
      const goesOn = key === undefined ? `${name} goes on\n` : caughtUpText(name, came);
      const json = JSON.stringify({ ...told, ...came });
      terminal.out(options.json === true ? `${json}\n` : `${goesOn}${meetsAgain}\n`);
      refuseStopped(name, came);
    } else terminal.out('Nothing was done.\n');
  } finally {
    await project.store.close();
  }
}

function toldOf({ generation: { projection, number }, key, eventId }: Wanted): object {
  return { projection, generation: number, key: key ?? null, eventId };
}

function whatText({ generation: { projection, number }, key, eventId }: Wanted): string {
  const of = key === undefined ? '' : `key ${JSON.stringify(key)} of `;
  return `event ${eventId} out of ${of}view ${projection}, generation ${number}`;
}

async function leaveOut(
  project: ReplayProject,
  { group, generation, key, eventId }: Wanted,
  why: string,
): Promise<CaughtUp> {
  const { projection: name, number, bundle } = generation;
  // Before it is done: what cannot be undone must not be missing here.
  await appendHistory(project.directory, {
    ...{ action: 'skip', group, why },
    projections: [{ name, from: number, to: number, bundle }],
    skipped: { ...(key !== undefined && { key }), eventId },
  });
  if (key !== undefined) return catchUpKeys(project, generation, [key], new Set([eventId]));
  await skipInView(project, generation, eventId);
  return { caughtUp: [], parked: [], left: [] };
}

async function skipInView(
  { store, directory }: ReplayProject,
  generation: Generation,
  eventId: string,
): Promise<void> {
  await skipStuck(
    store,
    generation,
    generation.logs.map((log) => ({ log })),
    eventId,
  );
  await refreshDev(directory);
}

/** @throws BanyanError KEY_NOT_PARKED, PROJECTION_NOT_PARKED, EVENT_NOT_STUCK */
async function refuseOther(store: ViewStore, { generation, key, eventId }: Wanted): Promise<void> {
  const at = await waitsAt(store, generation, key);
  const what = key === undefined ? 'The whole' : `Key ${JSON.stringify(key)}`;
  if (at.eventId !== eventId) throw otherEvent(generation.projection, what, eventId, at);
}

async function waitsAt(store: ViewStore, id: GenerationId, key: string | undefined): Promise<Stuck> {
  if (key === undefined) {
    const { parked } = await store.tracking(id);
    if (parked) return parked;
    throw projectionNotParked(id);
  }
  const item = (await store.readMany(id, [key])).get(key);
  if (!isParked(item)) throw keyNotParked(id, key, item);
  return item.state.cause;
}
