import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pullTables } from 'banyan/cdc';
import type { Command } from 'commander';
import type { CommandContext } from '../context.ts';
import { withJson } from './options.ts';

interface PullOptions {
  readonly source: string;
  readonly table?: string[];
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
    .option('-t, --table <pattern...>', 'tables to declare, as schema.table or schema.*; default: all')
    .option('-o, --out <file>', 'write there; default: standard output')
    .action(async (url: string, options: PullOptions) => {
      await pull(url, options, context);
    });
}

async function pull(url: string, options: PullOptions, { terminal, cwd }: CommandContext): Promise<void> {
  const text = await pullTables(url, {
    source: options.source,
    ...(options.table === undefined ? {} : { tables: options.table }),
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
