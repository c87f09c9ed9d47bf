import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pullTables } from 'banyan/cdc';
import type { Command } from 'commander';
import type { CommandContext } from '../context.ts';
import { repeated } from '../arguments.ts';
import { withJson } from './options.ts';

interface PullOptions {
  readonly source: string;
  readonly table?: readonly string[];
  readonly exclude?: readonly string[];
  readonly out?: string;
  readonly json?: boolean;
}

/** `banyan tables pull URL` */
export function addTablesCommand(program: Command, context: CommandContext): void {
  const tables = program.command('tables').description('the typed declarations of legacy tables');
  withJson(tables.command('pull'))
    .description('write the table declarations of a live database, as TypeScript')
    .argument('<url>', 'the database: postgres://user@host/database')
    .requiredOption('-s, --source <name>', 'the name of the source in the configuration')
    .option(
      '-t, --table <pattern>',
      'a table to declare, or several: schema.table or schema.*; may be given again; default: all',
      repeated,
    )
    .option('-x, --exclude <pattern>', 'of those, tables to leave out; may be given again', repeated)
    .option('-o, --out <file>', 'write there; default: standard output')
    .action(async (url: string, options: PullOptions) => {
      await pull(url, options, context);
    });
}

async function pull(url: string, options: PullOptions, { terminal, cwd }: CommandContext): Promise<void> {
  const text = await pullTables(url, {
    source: options.source,
    ...(options.table && { tables: options.table }),
    ...(options.exclude && { exclude: options.exclude }),
  });
  if (options.out !== undefined) await writeFile(resolve(cwd, options.out), text);
  if (options.json === true) {
    const answer =
      options.out === undefined
        ? { source: options.source, text }
        : { source: options.source, file: options.out };
    terminal.out(`${JSON.stringify(answer)}\n`);
  } else if (options.out === undefined) {
    terminal.out(text);
  } else {
    terminal.err(`wrote ${options.out}\n`);
  }
}
