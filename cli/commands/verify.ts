import type { Group } from 'banyan/catalog';
import { BanyanError, isBanyanError, nodeFileSystem, silentLogger } from 'banyan/runtime';
import type { AnyProjection, Generation, Reconciliation } from 'banyan/projections';
import { bundlesDirectory, isClean, openBundleStore, verifyView, type Verification } from 'banyan/replay';
import type { Command } from 'commander';
import { usageError, wholeNumber } from '../arguments.ts';
import type { LoadedConfig } from '../config/load-config.ts';
import type { CommandContext } from '../context.ts';
import { refreshDev } from '../dev/control.ts';
import { createBoard, type Board } from '../terminal/board.ts';
import { configOf, withConfig, withJson, type ConfigOptions } from './options.ts';
import { verificationText } from './verification-text.ts';

interface VerifyCommandOptions extends ConfigOptions {
  readonly json?: boolean;
  readonly generation?: number;
  readonly limit: number;
  readonly timeout: number;
}

/** `banyan verify [PROJECTION...]` */
export function addVerifyCommand(program: Command, context: CommandContext): void {
  withJson(withConfig(program.command('verify')))
    .description(
      'compare views with the legacy database itself, at one exact position; exit code 1 when they differ',
    )
    .argument('[projection...]', 'default: every projection that has a reconciliation')
    .option(
      '--generation <number>',
      'verify that generation of the projection; default: the live one',
      wholeNumber(),
    )
    .option('--limit <number>', 'differences that are listed', wholeNumber(0), 20)
    .option('--timeout <seconds>', 'how long to wait for a snapshot, and for the view', wholeNumber(), 60)
    .addHelpText('after', help)
    .action((names: string[], options: VerifyCommandOptions) => verify(names, options, context));
}

const help = `
A reconciliation is a query that says what a view should hold; groups declare theirs (reconciliation(), group({
reconciliations })). The database is read in a read only transaction at the exact place of a temporary replication
slot, which goes at once; its role needs REPLICATION, SELECT on the tables of the query, and one free slot.
banyan dev or banyan run must run: the view has to come as far as the database is.
`;

/** One reconciliation of a view. */
interface Task {
  readonly group: Group;
  readonly reconciliation: Reconciliation;
}

async function verify(
  names: readonly string[],
  options: VerifyCommandOptions,
  context: CommandContext,
): Promise<void> {
  if (options.generation !== undefined && names.length !== 1) {
    throw usageError('--generation is one of a single projection: name it.');
  }
  const loaded = await configOf(options, context);
  const { views, groups } = loaded.config;
  const board = createBoard(context.terminal);
  try {
    const tasks = tasksOf(names, groups);
    if (names.length === 0) tellLeftOut(groups, board);
    if (!(await refreshDev(loaded.directory))) throw notRunning(loaded.directory);
    await views.prepare();
    const results: Verification[] = [];
    for (const task of tasks) {
      const result = await verifyOne(task, loaded, options, board, context.signal);
      board.out(options.json === true ? `${JSON.stringify(result)}\n` : verificationText(result));
      results.push(result);
    }
    const wrong = results.filter((result) => !isClean(result));
    if (wrong.length > 0) throw different(wrong);
  } finally {
    await views.close();
  }
}

function tasksOf(names: readonly string[], groups: readonly Group[]): readonly Task[] {
  const all = groups.flatMap((group) =>
    group.reconciliations.map((reconciliation): Task => ({ group, reconciliation })),
  );
  const declared = [...new Set(all.map(({ reconciliation }) => reconciliation.projection.name))];
  const missing = names.find((name) => !declared.includes(name));
  if (missing !== undefined || all.length === 0) {
    throw new BanyanError(
      'VERIFY_NOT_DECLARED',
      `${missing === undefined ? 'No projection' : `Projection "${missing}"`} has a reconciliation. Declare one by reconciliation() and list it in ` +
        `its group's "reconciliations". Projections that have one: ${declared.join(', ') || 'none'}.`,
      { details: { projection: missing ?? null, declared } },
    );
  }
  return all.filter(
    ({ reconciliation }) => names.length === 0 || names.includes(reconciliation.projection.name),
  );
}

function tellLeftOut(groups: readonly Group[], board: Board): void {
  const without = groups.flatMap(({ projections, reconciliations }) =>
    projections.filter(({ name }) => !reconciliations.some(({ projection }) => projection.name === name)),
  );
  if (without.length === 0) return;
  board.err(`Not verified, since nothing is declared: ${without.map(({ name }) => name).join(', ')}\n`);
}

async function verifyOne(
  { group, reconciliation }: Task,
  loaded: LoadedConfig,
  options: VerifyCommandOptions,
  board: Board,
  signal: AbortSignal,
): Promise<Verification> {
  const { views, sources } = loaded.config;
  const { projection } = reconciliation;
  const definition = sources[reconciliation.source];
  if (!definition) {
    throw new BanyanError(
      'SOURCE_UNKNOWN',
      `The reconciliation of ${projection.name} names the source "${reconciliation.source}". Sources of this project: ` +
        `${Object.keys(sources).join(', ')}.`,
    );
  }
  const number = options.generation ?? (await views.pointer(group.name))?.live[projection.name];
  const generation = (await views.generations(projection.name)).find((one) => one.number === number);
  if (!generation) throw noGeneration(projection.name, options.generation);
  const bar = board.progress(`verify ${projection.name}`, 'documents');
  return verifyView({
    store: views,
    generation,
    projection: await codeOf(generation, projection, loaded.directory),
    reconciliation,
    source: definition.create(reconciliation.source, { logger: silentLogger }),
    directory: loaded.directory,
    timeoutMs: options.timeout * 1000,
    limit: options.limit,
    signal,
    onProgress: ({ documents }) => bar.update(documents),
  }).finally(() => bar.stop());
}

/** The code that makes the generation: its bundle, or this project's where the bundle was never kept. */
async function codeOf(
  { bundle }: Generation,
  projection: AnyProjection,
  directory: string,
): Promise<AnyProjection> {
  const bundles = openBundleStore({ directory: bundlesDirectory(directory), fileSystem: nodeFileSystem });
  try {
    return await bundles.projection(bundle);
  } catch (error) {
    if (isBanyanError(error, 'BUNDLE_UNKNOWN')) return projection;
    throw error;
  }
}

function noGeneration(projection: string, number: number | undefined): BanyanError {
  return new BanyanError(
    'GENERATION_UNKNOWN',
    number === undefined
      ? `View ${projection} has no live generation yet: start banyan dev or banyan run.`
      : `View ${projection} has no generation ${number}. See them by banyan replay status.`,
    { details: { projection, generation: number ?? null } },
  );
}

function notRunning(directory: string): BanyanError {
  return new BanyanError(
    'DEV_NOT_RUNNING',
    `Neither banyan dev nor banyan run runs on ${directory}, so no view can come as far as the database is. Start it, and ask again.`,
    { retryable: true, details: { directory } },
  );
}

function different(wrong: readonly Verification[]): BanyanError {
  const names = wrong.map(({ projection }) => projection).join(', ');
  return new BanyanError(
    'VERIFY_DIFFERENT',
    `Not as the database says: ${names}. Mend the projection, its translation or the query, then banyan replay plan.`,
    { details: { projections: wrong.map(({ projection }) => projection) } },
  );
}
