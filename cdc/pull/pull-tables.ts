import { connect } from '../postgres/connection.ts';
import { failed } from '../postgres/errors.ts';
import { printDeclarations } from './print-declarations.ts';
import { readDeclarations } from './read-declarations.ts';

/** What to pull. */
export interface PullOptions {
  /** The source's name in the configuration; it names the constant too. */
  readonly source: string;
  /** As of `postgres()`. Default: the tables of all schemas but the system's. */
  readonly tables?: readonly string[];
  readonly exclude?: readonly string[];
  /** Prettier's `printWidth`. Default: 110. */
  readonly printWidth?: number;
}

/**
 * Writes the typed declarations of a live database's tables: the text of a TypeScript file. Reads the catalog only.
 * @throws BanyanError SOURCE_UNREACHABLE, SOURCE_TABLE_UNKNOWN
 */
export async function pullTables(connectionString: string, options: PullOptions): Promise<string> {
  const session = await connect(
    { connectionString, connectTimeoutMs: 10_000 },
    { application: 'banyan_tables_pull' },
  );
  try {
    const tables = await readDeclarations(session.client, {
      tables: options.tables ?? ['*.*'],
      exclude: options.exclude ?? [],
    });
    return printDeclarations(tables, { source: options.source, printWidth: options.printWidth ?? 110 });
  } catch (error) {
    throw failed(session.where, 'Reading the catalog', error);
  } finally {
    await session.close();
  }
}
