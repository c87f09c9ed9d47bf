import { expect } from '@jest/globals';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import pg from 'pg';
import { askBanyan, runBanyan, type BanyanProcess, type DevMessage } from '../../kit/banyan-process.ts';
import { testDatabase } from '../../kit/test-database.ts';

/** A project with its legacy database, as an operator's commands meet them. */
export interface ReplayEnvironment {
  /** Where the project's modules are. */
  readonly project: string;
  /** What its configuration reads: DATABASE_URL, VIEWS_URL, LOGS, SLOT. */
  readonly env: Readonly<Record<'DATABASE_URL' | 'VIEWS_URL' | 'LOGS' | 'SLOT', string>>;
  /** To the legacy database, which has an empty table of orders. */
  readonly client: pg.Client;
  write(files: Readonly<Record<string, string>>): Promise<void>;
  close(): Promise<void>;
}

/** What a command said, and how it ended. */
export interface Ran {
  readonly code: number | NodeJS.Signals;
  readonly answer: readonly DevMessage[];
  readonly errors: string;
}

/** Makes the project of these modules, and databases of its own. */
export async function openReplayEnvironment(
  files: Readonly<Record<string, string>>,
): Promise<ReplayEnvironment> {
  // Within the project, so that "banyan/..." means this package.
  await mkdir(resolve('.banyan'), { recursive: true });
  const project = await mkdtemp(resolve('.banyan', 'replay-e2e-'));
  const database = await testDatabase('replay');
  const client = new pg.Client({ connectionString: database });
  await client.connect();
  await client.query(
    'CREATE TABLE orders (id bigint PRIMARY KEY, customer text NOT NULL, amount int NOT NULL, discount int NOT NULL)',
  );
  const write: ReplayEnvironment['write'] = async (written) => {
    for (const [name, text] of Object.entries(written)) await writeFile(join(project, name), text);
  };
  await write(files);
  return {
    project,
    env: {
      DATABASE_URL: database,
      VIEWS_URL: await testDatabase('replay_views'),
      LOGS: join(project, 'logs'),
      SLOT: `replay_${new URL(database).pathname.slice(1)}`,
    },
    client,
    write,
    close: async () => {
      await client.end();
      await rm(project, { recursive: true, force: true });
    },
  };
}

type Place = Pick<ReplayEnvironment, 'project' | 'env'>;

/** Starts `banyan dev`. */
export function startDev({ project, env }: Place): BanyanProcess {
  return runBanyan(['dev', ...commonFlags(project)], { env });
}

/** Starts a `banyan replay` command. */
export function startReplayCommand({ project, env }: Place, ...args: string[]): BanyanProcess {
  return runBanyan(['replay', ...args, ...commonFlags(project)], { env });
}

/** Runs a `banyan replay` command to its end. */
export async function askReplay({ project, env }: Place, ...args: string[]): Promise<Ran> {
  return askBanyan(['replay', ...args, ...commonFlags(project)], { env });
}

/** The last answer of a command that must succeed. */
export async function doneReplay(place: Place, ...args: string[]): Promise<Record<string, unknown>> {
  const { code, answer, errors } = await askReplay(place, ...args);
  expect({ args, code, errors, answer: code === 0 ? '' : answer }).toEqual({
    args,
    code: 0,
    errors: '',
    answer: '',
  });
  return answer.at(-1) ?? {};
}

/** The code of the error of a command that must fail. */
export async function refusedReplay(
  place: Place,
  ...args: string[]
): Promise<[number | NodeJS.Signals, string]> {
  const { code, answer } = await askReplay(place, ...args);
  return [code, errorCodeOf(answer) ?? JSON.stringify(answer)];
}

/** The code of the error that a command told. */
export function errorCodeOf(answer: readonly DevMessage[]): string | undefined {
  return (answer.at(-1)?.['error'] as { readonly code: string } | undefined)?.code;
}

function commonFlags(project: string): string[] {
  return ['--json', '--no-type-check', '--config', join(project, 'banyan.config.ts')];
}
