import { readHistory, type HistoryEntry } from 'banyan/replay';
import type { Command } from 'commander';
import { wholeNumber } from '../../arguments.ts';
import type { CommandContext } from '../../context.ts';
import { table } from '../../terminal/output.ts';
import { configOf, withConfig, withJson, type ConfigOptions } from '../options.ts';

interface HistoryOptions extends ConfigOptions {
  readonly json?: boolean;
  readonly limit: number;
}

/** `banyan replay history` */
export function addHistoryCommand(replay: Command, context: CommandContext): void {
  withJson(withConfig(replay.command('history')))
    .description('who did what to which view, when and why')
    .argument('[projection]', 'default: all')
    .option('--limit <entries>', 'the newest entries only', wholeNumber(), 50)
    .action((projection: string | undefined, options: HistoryOptions) =>
      history(projection, options, context),
    );
}

async function history(
  projection: string | undefined,
  options: HistoryOptions,
  context: CommandContext,
): Promise<void> {
  const { directory, config } = await configOf(options, context);
  await config.views.close();
  const wanted = { limit: options.limit, ...(projection !== undefined && { projection }) };
  const entries = await readHistory(directory, wanted);
  if (options.json === true) context.terminal.out(`${JSON.stringify(entries)}\n`);
  else if (entries.length === 0) context.terminal.out('Nothing was done yet.\n');
  else
    context.terminal.out(
      table(['when', 'who', 'what', 'view', 'from', 'to', 'bundle', 'why'], entries.flatMap(rowsOf)),
    );
}

function rowsOf({ at, who, action, forced, projections, why = '', skipped }: HistoryEntry): string[][] {
  const { eventId = '', key } = skipped ?? {};
  const of = skipped ? ` ${eventId}${key === undefined ? '' : ` of key ${key}`}` : '';
  return projections.map(({ name, from, to, bundle }) => [
    at.slice(0, 19).replace('T', ' '),
    who,
    forced === true ? `${action} (forced)` : `${action}${of}`,
    name,
    from === undefined ? '' : String(from),
    to === undefined ? '' : String(to),
    bundle.slice(0, 12),
    why,
  ]);
}
