import { once, type Closeable } from 'banyan/runtime';
import pg from 'pg';
import { outputSettings } from '../values.ts';
import { unreachable } from './errors.ts';
import type { CheckedOptions } from './options.ts';

/** A session with the settings that all values are printed under. */
export interface Session extends Closeable {
  readonly client: pg.Client;
  /** `user@host:port/database`, for messages: no password. */
  readonly where: string;
  /** Ends at once, whatever the server is sending. */
  destroy(): void;
}

/** What a session is for. */
export interface SessionKind {
  readonly application: string;
  /** A walsender session: SQL in simple protocol, and replication commands. */
  readonly replication?: boolean;
  /** Settings besides {@link outputSettings}. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** `pg` knows `replication`, its type declarations do not. */
type ReplicationConfig = pg.ClientConfig & { readonly replication?: 'database' };

/** @throws BanyanError SOURCE_UNREACHABLE */
export async function connect(options: ConnectionPart, kind: SessionKind): Promise<Session> {
  const config: ReplicationConfig = {
    ...pick(options),
    application_name: kind.application,
    connectionTimeoutMillis: options.connectTimeoutMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    ...(kind.replication === true ? { replication: 'database' as const } : {}),
  };
  const client = new pg.Client(config);
  // An error between statements; the next statement fails and tells it.
  client.on('error', () => undefined);
  const where = `${client.user ?? ''}@${client.host}:${String(client.port)}/${client.database ?? ''}`;
  const session = {
    client,
    where,
    destroy: () => socketOf(client).destroy(),
    close: once(() => end(client)),
  };
  try {
    await client.connect();
    const settings = { ...outputSettings, ...kind.settings };
    await client.query(Object.entries(settings).map(setting).join(';'));
  } catch (error) {
    await session.close();
    throw unreachable(where, error);
  }
  return session;
}

/** The options that a connection needs. */
export interface ConnectionPart extends Partial<
  Pick<CheckedOptions, 'connectionString' | 'host' | 'port' | 'user' | 'password' | 'database' | 'ssl'>
> {
  readonly connectTimeoutMs: number;
}

function pick(options: ConnectionPart): pg.ClientConfig {
  const { connectionString, host, port, user, password, database, ssl } = options;
  const given = { connectionString, host, port, user, password, database, ssl };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

function setting([name, value]: [string, string]): string {
  return `SET ${name} = ${pg.escapeLiteral(value)}`;
}

/** The parts of `pg`'s connection that its type declarations leave out. */
export interface Wire {
  query(text: string): void;
  sendCopyFromChunk(chunk: Buffer): void;
  once(event: 'replicationStart' | 'copyOutResponse', listener: () => void): void;
  readonly stream: { destroy(): void; pause(): unknown; resume(): unknown };
}

function socketOf(client: pg.Client): Wire['stream'] {
  return (client as unknown as { connection: Wire }).connection.stream;
}

/** Says goodbye; a server that does not answer for a while is left. */
async function end(client: pg.Client): Promise<void> {
  const timer = setTimeout(() => socketOf(client).destroy(), 5000);
  try {
    await client.end();
  } catch {
    socketOf(client).destroy();
  } finally {
    clearTimeout(timer);
  }
}
