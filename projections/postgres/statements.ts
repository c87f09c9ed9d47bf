import { createHash } from 'node:crypto';
import type { Generation, GenerationId } from '../view-store.ts';
import type { Statement } from './connection.ts';
import { columnsOf, quoted, receiptsOf, tableOf } from './names.ts';
import type { Part } from './parts.ts';

/*
 * The hot statements. Each takes its rows as one JSON text, so that one text of a statement, prepared once a
 * connection, serves batches of any size. Measured on 60,000 documents of 280 bytes in batches of 500, rows a second
 * on the way in and on update, and CPU of Node: json_to_recordset 55,900 and 56,200 with 100 ms, jsonb_to_recordset
 * 72,300 and 54,100 with 115 ms, unnest of arrays 70,300 and 58,100 with 200 ms, multi-row VALUES 75,400 and 53,000
 * with 120 ms (runs differ by a third). No difference but Node's, which has the rest of Banyan to run. jsonb keeps
 * the last of two equal names and reads all escapes, which nothing here needs.
 *
 * Index entries are columns: beside a side table with one and three indexes, 52,000 and 43,000 to 46,000 and 31,000
 * rows a second on the way in; on update 56,000 and 34,000 to 57,000 and 47,000, on updates that move 54,000 and
 * 35,000 to 42,000 and 35,000. And a page is one look-up in one index.
 */

/** What the statement of a batch of writes gives: the keys whose condition held. */
export interface WrittenRow {
  readonly key: string;
}

/** Reads the items of those (escaped) keys. */
export function readStatement(schema: string, id: GenerationId, keys: readonly string[]): Statement {
  const text = `SELECT key, revision, document, state FROM ${quoted(schema, tableOf(id))} WHERE key = ANY($1)`;
  return prepared(text, [keys]);
}

/**
 * Writes the rows whose condition holds and gives their keys.
 * @param receipts rows, as JSON, that are kept when the condition of each row holds; undefined: there are none
 */
export function writeStatement(
  schema: string,
  generation: Generation,
  input: string,
  receipts: string | undefined,
): Statement {
  const { projection, number } = generation;
  const watermark = `${quoted(schema, 'progress')}, jsonb_each(progress) AS of(log, at)
    WHERE projection = $2 AND number = $3`;
  const written = `WITH ${writing(schema, generation, watermark)}`;
  if (receipts === undefined)
    return prepared(`${written} SELECT key FROM written`, [input, projection, number]);
  const text = `${written}, receipted AS (${insertReceipts(schema, generation, '$4')}
      WHERE (SELECT count(*) FROM written) = (SELECT count(*) FROM input))
    SELECT key FROM written`;
  return prepared(text, [input, projection, number, receipts]);
}

/** Inserts receipts from JSON text. @param place the parameter that holds it */
export function insertReceipts(schema: string, id: GenerationId, place: string): string {
  return `INSERT INTO ${quoted(schema, receiptsOf(id))} (log, healed, places)
    SELECT log, healed, places FROM json_to_recordset(${place}::json) AS x(log text, healed boolean, places json)`;
}

/**
 * Writes all rows or, by raising BANYN, nothing: PROGRESS when the progress is not the expected one, CONFLICT with the
 * keys whose condition did not hold as a JSON array.
 * @param progress without `next` in all parts of a large commit but the first
 */
export function commitStatement(
  schema: string,
  generation: Generation,
  rows: Part<unknown>,
  progress: { readonly expected: string; readonly next?: string },
): Statement {
  const refuse = quoted(schema, 'refuse');
  const unwritten =
    'SELECT json_agg(t0)::text FROM input WHERE NOT EXISTS (SELECT FROM written WHERE key = t0)';
  const moved = `, moved AS (
    UPDATE ${quoted(schema, 'progress')} SET progress = $4::jsonb, revision = revision + 1
    WHERE projection = $5 AND number = $6 AND progress = $2::jsonb RETURNING 1)`;
  const isMoving = progress.next !== undefined;
  // The first part moves the watermark, and the others must not see it move: so it is the expected one for all.
  const watermark = 'jsonb_each($2::jsonb) AS of(log, at)';
  const text = `WITH ${writing(schema, generation, watermark)}${isMoving ? moved : ''}
    SELECT CASE
      ${isMoving ? `WHEN NOT EXISTS (SELECT FROM moved) THEN ${refuse}('PROGRESS', '')` : ''}
      WHEN (SELECT count(*) FROM written) < $3::int
        THEN ${refuse}('CONFLICT', (${unwritten}))
      END`;
  const place = isMoving ? [progress.next, generation.projection, generation.number] : [];
  return prepared(text, [rows.input, progress.expected, rows.given.length, ...place]);
}

/**
 * The common table expressions that write the rows of the JSON text $1; `written` has the keys that were.
 * @param watermark where the watermark's logs are read from, as log and at
 */
function writing(schema: string, generation: Generation, watermark: string): string {
  const table = quoted(schema, tableOf(generation));
  const places = generation.indexes
    .flatMap(({ name }) => Object.values(columnsOf(name)))
    .map((name) => quoted(name));
  const columns = ['revision', 'document', 'state', 'removed_at', 'trouble', ...places];
  const given = ['r', 'd', 's::json', 't1', 't2', ...places.map((_, at) => `t${at + 3}`)];
  const texts = ['t0', 't1', 't2', ...places.map((_, at) => `t${at + 3}`)].map((name) => `${name} text`);
  return `input AS MATERIALIZED (
      SELECT * FROM json_to_recordset($1::json)
      AS x(r bigint, e bigint, d jsonb, s text, m json, ${texts.join(', ')})),
    watermark AS MATERIALIZED (
      SELECT log, (at->>'position')::bigint AS position, (at->>'index')::int AS index
      FROM ${watermark}),
    updated AS (
      UPDATE ${table} AS t SET ${columns.map((column, at) => `${column} = ${given[at] ?? ''}`).join(', ')}
      FROM input WHERE t.key = input.t0 AND t.revision = input.e RETURNING t.key),
    inserted AS (
      INSERT INTO ${table} (key, ${columns.join(', ')}) SELECT t0, ${given.join(', ')} FROM input
      WHERE e IS NULL AND (m IS NULL OR NOT EXISTS (
        SELECT FROM watermark AS w, json_each(m) AS made(log, at)
        WHERE w.log = made.log AND (w.position > (at->>'position')::bigint
          OR w.position = (at->>'position')::bigint AND (w.index IS NULL OR w.index >= (at->>'index')::int))))
      ON CONFLICT (key) DO NOTHING RETURNING key),
    written AS (SELECT key FROM updated UNION ALL SELECT key FROM inserted)`;
}

/** A prepared statement is known to a connection by its name; the name of ours is the text's hash. */
export function prepared(text: string, values: readonly unknown[]): Statement {
  let name = names.get(text);
  if (name === undefined) names.set(text, (name = createHash('sha256').update(text).digest('base64url')));
  return { text, values, name };
}

/** A few for each generation that this process has met. */
const names = new Map<string, string>();
