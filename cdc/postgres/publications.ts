import { BanyanError, type Logger } from 'banyan/runtime';
import type pg from 'pg';
import type { Session } from './connection.ts';
import { codeOf, failed, said } from './errors.ts';
import type {
  Publication,
  PublicationPair,
  PublicationPlan,
  PublicationStatement,
  PublishedTable,
} from './publication-plan.ts';

interface PublicationRow {
  pubname: string;
  unbounded: boolean;
  publishes: string[];
  pubviaroot: boolean;
}

interface PublishedRow {
  pubname: string;
  oid: number;
  schema: string;
  name: string;
  partitioned: boolean;
  partial: boolean;
}

/** Reads the two publications. */
export async function readPublications(
  client: pg.ClientBase,
  names: PublicationPair<string>,
  serverVersion: number,
): Promise<PublicationPair<Publication | undefined>> {
  const both = [names.whole, names.inserts];
  const ofSchemas = 'OR EXISTS (SELECT FROM pg_publication_namespace s WHERE s.pnpubid = p.oid)';
  const publications = await client.query<PublicationRow>(
    `SELECT p.pubname, p.pubviaroot, p.puballtables ${serverVersion >= 150_000 ? ofSchemas : ''} AS unbounded,
            array_remove(ARRAY[CASE WHEN pubdelete THEN 'delete' END, CASE WHEN pubinsert THEN 'insert' END,
              CASE WHEN pubtruncate THEN 'truncate' END, CASE WHEN pubupdate THEN 'update' END], NULL) AS publishes
     FROM pg_publication p WHERE p.pubname = ANY ($1)`,
    [both],
  );
  const tables = await client.query<PublishedRow>(
    `SELECT p.pubname, c.oid, n.nspname AS schema, c.relname AS name, c.relkind = 'p' AS partitioned,
            coalesce(to_jsonb(r) ->> 'prqual', to_jsonb(r) ->> 'prattrs') IS NOT NULL AS partial
     FROM pg_publication_rel r JOIN pg_publication p ON p.oid = r.prpubid
     JOIN pg_class c ON c.oid = r.prrelid JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE p.pubname = ANY ($1) ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C"`,
    [both],
  );
  const one = (name: string): Publication | undefined => {
    const row = publications.rows.find(({ pubname }) => pubname === name);
    if (row === undefined) return undefined;
    const own: readonly PublishedTable[] = tables.rows.filter(({ pubname }) => pubname === name);
    return { name, unbounded: row.unbounded, publishes: row.publishes, viaRoot: row.pubviaroot, tables: own };
  };
  return { whole: one(names.whole), inserts: one(names.inserts) };
}

/**
 * Carries out a plan, in one transaction. Postgres takes SHARE UPDATE EXCLUSIVE on each table, which blocks no
 * statement that reads or writes rows; the session's `lock_timeout` bounds the wait for it.
 * @throws BanyanError SOURCE_NO_PERMISSION with the statements for somebody who may run them
 */
export async function applyPlan(session: Session, plan: PublicationPlan, logger: Logger): Promise<void> {
  for (const warning of plan.warnings) logger.warn(warning);
  const needed = plan.statements.filter(({ optional }) => !optional);
  await runAll(session, needed);
  for (const statement of plan.statements.filter(({ optional }) => optional)) {
    try {
      await session.client.query(statement.sql);
    } catch (error) {
      logger.debug({ sql: statement.sql }, `Not needed, and not run: ${said(error)}.`);
    }
  }
}

async function runAll(session: Session, statements: readonly PublicationStatement[]): Promise<void> {
  const { client, where } = session;
  try {
    await client.query('BEGIN');
    for (const { sql } of statements) await client.query(sql);
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined);
    if (codeOf(error) !== '42501') throw failed(where, 'Making the publications', error);
    const sql = statements.map((statement) => `${statement.sql};`).join('\n');
    throw new BanyanError(
      'SOURCE_NO_PERMISSION',
      `The role of ${where} may not make its publications: ${said(error)}. Let the owner of the tables run:\n${sql}`,
      { cause: error, details: { where, sql } },
    );
  }
}
