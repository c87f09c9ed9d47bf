import type { ConnectionOptions } from 'node:tls';
import { BanyanError, silentLogger, type Logger } from 'banyan/runtime';
import { z } from 'zod';

const slotName = z
  .string()
  .regex(/^[a-z0-9_]{1,63}$/, 'expected 1 to 63 of a-z, 0-9 and _, as Postgres demands of a slot');

const tablePattern = z.string().min(1, 'expected a table (crm.orders) or a pattern (public.*)');

const schema = z
  .strictObject({
    /** `postgres://user:password@host:port/database`; instead of the five fields below. */
    connectionString: z.string().min(1).optional(),
    host: z.string().min(1).optional(),
    port: z.int().min(1).max(65_535).optional(),
    user: z.string().min(1).optional(),
    password: z.string().optional(),
    database: z.string().min(1).optional(),
    /** As `tls.connect` takes it, or true for a checked certificate. */
    ssl: z
      .custom<boolean | ConnectionOptions>((value) => ['boolean', 'object'].includes(typeof value))
      .optional(),
    /** Tables to capture: `public.orders`, `orders` (of the schema public), `crm.*`, `"Mixed.Case"."Name"`. */
    tables: z.array(tablePattern).min(1, 'expected at least one table or pattern'),
    /** Of those, the tables to leave out; same form. */
    exclude: z.array(tablePattern).default([]),
    /** The replication slot. Default: `banyan_` and the source's name. */
    slot: slotName.optional(),
    /** The publication; a second one has `_inserts` behind its name. Default: `banyan_` and the source's name. */
    publication: z.string().min(1).max(55).optional(),
    /** After so long without a change, an `idle` message tells how far the source is. Milliseconds. */
    idleAfterMs: z.int().min(10).default(1000),
    /** How long a slot that somebody holds is waited for, as a killed process may hold it a moment. Milliseconds. */
    slotWaitMs: z.int().min(0).default(5000),
    /** What is buffered between the socket and the reader before the source is held back. Bytes. */
    bufferBytes: z.int().min(1024).default(1_048_576),
    /** Milliseconds. */
    connectTimeoutMs: z.int().min(1).default(10_000),
    logger: z.custom<Logger>((value) => typeof value === 'object').default(silentLogger),
  })
  .refine((given) => given.connectionString !== undefined || given.database !== undefined, {
    message: 'expected a connectionString, or host, port, user, password and database',
  });

/** What `postgres()` takes. */
export type PostgresOptions = z.input<typeof schema>;

/** Options with every default filled in. */
export type CheckedOptions = z.output<typeof schema> & {
  readonly slot: string;
  readonly publication: string;
};

/** @throws BanyanError SOURCE_OPTIONS that names each wrong option; never a value, which may be a password. */
export function checkOptions(source: string, given: PostgresOptions): CheckedOptions {
  const parsed = schema.safeParse(given);
  if (!parsed.success) {
    const wrong = parsed.error.issues.map(
      (issue) => `${issue.path.join('.') || 'options'}: ${issue.message}`,
    );
    throw new BanyanError(
      'SOURCE_OPTIONS',
      `The options of postgres() for the source "${source}" are wrong. ${wrong.join('; ')}.`,
      { details: { source, wrong } },
    );
  }
  const name = defaultName(source);
  return {
    ...parsed.data,
    slot: parsed.data.slot ?? name.slice(0, 63),
    publication: parsed.data.publication ?? name.slice(0, 55),
  };
}

/** The second publication: tables without a replica identity, published for inserts only. */
export function insertsPublication(options: Pick<CheckedOptions, 'publication'>): string {
  return `${options.publication}_inserts`;
}

function defaultName(source: string): string {
  return `banyan_${source.toLowerCase().replace(/[^a-z0-9_]/g, '_')}`;
}
