import pg from 'pg';
import type { SnapshotQuery } from '../source.ts';

/**
 * The query with its rows in the order of their keys by UTF-16 code unit, whatever the database's collation is.
 *
 * Collation "C" compares UTF-8 by byte, which is the order of code points: the same, but for characters above U+FFFF,
 * which as two surrogates come before U+E000. So each of them gets a U+D7FF U+0101 before it, and U+D7FF itself, the
 * last character below the surrogates, a U+0100 behind it. Other encodings of a server have no such characters.
 */
export function orderedQuery({ sql, keys }: SnapshotQuery, serverEncoding: string): string {
  const place =
    serverEncoding === 'UTF8'
      ? String.raw`pg_catalog.regexp_replace(pg_catalog.replace(q.key::text, E'\uD7FF', E'\uD7FF\u0100') COLLATE "C",
          E'([\\U00010000-\\U0010FFFF])', E'\uD7FF\u0101\\1', 'g') COLLATE "C"`
      : `pg_catalog.convert_to(q.key::text, 'UTF8')`;
  const only = keys === undefined ? '' : ` WHERE q.key::text COLLATE "C" = ANY (${arrayOf(keys)})`;
  // A line of its own, since the query may end in a comment.
  return `SELECT q.* FROM (\n${sql.replace(/[;\s]+$/, '')}\n) AS q${only}\nORDER BY ${place}`;
}

function arrayOf(keys: readonly string[]): string {
  // Postgres holds neither U+0000 nor half of a surrogate pair, so it has no such key.
  const possible = keys.filter((key) => !/[\0\p{Surrogate}]/u.test(key));
  return `ARRAY[${possible.map((key) => pg.escapeLiteral(key)).join(', ')}]::text[]`;
}
