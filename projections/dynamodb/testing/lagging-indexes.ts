import type { AttributeValue, DynamoDBClient, QueryCommandInput } from '@aws-sdk/client-dynamodb';
import { attentionIndex, indexAttributes } from '../names.ts';

type Row = Record<string, AttributeValue>;

/** A row as an index shows it; undefined: not at all. */
interface Version {
  /** From when, and until when after the next one is shown: milliseconds of `performance.now()`. */
  readonly shownAt: number;
  readonly staysUntil: number;
  readonly row: Row | undefined;
}

/** What was written to a table lately: its rows by key, each with its versions in order. */
type Written = Map<string, Version[]>;

/** Part of the input of a command that writes rows, and of one that reads an index. */
interface Input extends Partial<QueryCommandInput> {
  readonly Item?: Row;
  readonly Key?: Row;
  readonly TransactItems?: readonly { readonly Put?: { readonly TableName: string; readonly Item: Row } }[];
}

/** An index as it is asked for. */
interface Asked {
  readonly partition: string;
  readonly sort: string;
  readonly isWithin: (row: Row) => boolean;
}

/**
 * Lets the secondary indexes of a client follow their tables later, as those of AWS do and those of DynamoDB Local do
 * not: entries come after their rows, and stay when these have moved or gone; for a while the one that goes and the one
 * that comes are both shown. It knows what is written by this client,
 * row by row; a table whose indexes have caught up is asked itself.
 * @param lagMs milliseconds by which an index is late for a write, and then again for what the write takes away
 */
export function lagIndexes(client: DynamoDBClient, lagMs: () => number): void {
  const tables = new Map<string, Written>();
  client.middlewareStack.add(
    (next, { commandName }) =>
      async (args) => {
        const input = args.input as Input;
        const written = tables.get(input.TableName ?? '') ?? new Map<string, Version[]>();
        if (commandName === 'QueryCommand' && input.IndexName !== undefined && isBehind(written)) {
          return { output: { $metadata: {}, ...answerOf(input, written) } as never, response: {} };
        }
        const done = await next(args);
        for (const { table, key, row } of writesOf(commandName, input)) {
          const rows = tables.get(table) ?? new Map<string, Version[]>();
          tables.set(table, rows);
          const versions = rows.get(idOf(key)) ?? [];
          rows.set(idOf(key), versions);
          const last = versions.pop();
          const shownAt = Math.max(performance.now() + lagMs(), last?.shownAt ?? 0);
          const staysUntil = Math.max(shownAt + lagMs(), versions.at(-1)?.staysUntil ?? 0);
          if (last) versions.push({ ...last, staysUntil });
          versions.push({ shownAt, staysUntil: Infinity, row });
        }
        return done;
      },
    { step: 'initialize', name: 'late indexes' },
  );
}

function* writesOf(
  commandName: string | undefined,
  { TableName: table = '', Item: row, Key: key, TransactItems = [] }: Input,
): Iterable<{ readonly table: string; readonly key: Row; readonly row: Row | undefined }> {
  if (commandName === 'PutItemCommand' && row) yield { table, key: row, row };
  if (commandName === 'DeleteItemCommand' && key) yield { table, key, row: undefined };
  for (const { Put } of TransactItems) if (Put) yield { table: Put.TableName, key: Put.Item, row: Put.Item };
}

function isBehind(written: Written): boolean {
  const now = performance.now();
  return [...written.values()].some(
    (versions) => (versions.at(-1)?.shownAt ?? 0) > now || (versions.at(-2)?.staysUntil ?? 0) > now,
  );
}

/** What the index says now: for each row those versions that it shows already, and still. */
function answerOf(
  input: Input,
  written: Written,
): { readonly Items: Row[]; readonly Count: number; readonly LastEvaluatedKey?: Row } {
  const { ExclusiveStartKey: start, Limit = 1000, ScanIndexForward = true } = input;
  const { partition, sort, isWithin } = askedIn(input);
  const now = performance.now();
  const direction = ScanIndexForward ? 1 : -1;
  const order = (one: Row, other: Row): number =>
    direction *
    (compare(one[sort], other[sort]) || compare(one['p'], other['p']) || compare(one['k'], other['k']));
  const entries = [...written.values()]
    .flatMap((versions): readonly Row[] => {
      const last = versions.findLastIndex(({ shownAt }) => shownAt <= now);
      const shown = versions
        .filter(({ staysUntil }, at) => at <= last && staysUntil > now)
        .flatMap(({ row }) => (row ? [row] : []));
      // What stays at its place is one entry.
      return [...new Map(shown.map((row) => [placeOf(row, partition, sort), row])).values()];
    })
    .filter((row) => isWithin(row) && (!start || order(row, start) > 0))
    .sort(order)
    .map((row): Row => {
      const names = ['p', 'k', partition, sort];
      return Object.fromEntries(Object.entries(row).filter(([name]) => names.includes(name)));
    });
  const Items = entries.slice(0, Limit);
  const last = entries.length > Limit ? Items.at(-1) : undefined;
  return { Items, Count: Items.length, ...(last && { LastEvaluatedKey: last }) };
}

function placeOf(row: Row, partition: string, sort: string): string {
  return JSON.stringify([row[partition], row[sort]]);
}

/** The questions of `pages.ts` and `purge.ts`. */
function askedIn({ IndexName, ExpressionAttributeValues: values = {} }: Input): Asked {
  const at = /^index-(\d+)$/.exec(IndexName ?? '')?.[1];
  if (at === undefined && IndexName !== attentionIndex)
    throw new Error(`There is no index ${String(IndexName)}.`);
  const { partition, sort } = at === undefined ? { partition: 'a', sort: 'b' } : indexAttributes(Number(at));
  const { ':least': least, ':greatest': greatest, ':b': before } = values;
  return {
    partition,
    sort,
    isWithin: (row) =>
      row[partition]?.S === (values[':p'] ?? values[':a'])?.S &&
      (!least || compare(row[sort], least) >= 0) &&
      (!greatest || compare(row[sort], greatest) <= 0) &&
      (!before || compare(row[sort], before) < 0),
  };
}

/** As DynamoDB orders text: by its bytes. */
function compare(one: AttributeValue | undefined, other: AttributeValue | undefined): number {
  return Buffer.compare(Buffer.from(one?.S ?? ''), Buffer.from(other?.S ?? ''));
}

function idOf({ p, k }: Row): string {
  return `${p?.S ?? ''} ${k?.S ?? ''}`;
}
