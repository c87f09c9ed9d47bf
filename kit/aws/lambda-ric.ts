import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { arch, platform } from 'node:os';
import { join } from 'node:path';
import { installed, type Installable } from './cache.ts';
import type { RunningServer } from './server.ts';
import { isThere, runTool } from './tools.ts';
import { Unavailable } from './unavailable.ts';

const version = '4.0.2';

/** What its native part is compiled with, and Debian's package of each. */
const compilers: Readonly<Record<string, string>> = {
  ...{ autoconf: 'autoconf', automake: 'automake', libtoolize: 'libtool', cmake: 'cmake', make: 'make' },
  ...{ 'g++': 'g++', python3: 'python3', xz: 'xz-utils' },
};

const lambdaRic: Installable = {
  name: `aws-lambda-ric-${version}-${platform()}-${arch()}`,
  install: async (directory, signal) => {
    await needCompilers(signal);
    // npm may be told to run no script of a package that is not named here.
    const manifest = { private: true, allowScripts: { 'aws-lambda-ric': true } };
    await writeFile(join(directory, 'package.json'), JSON.stringify(manifest));
    const flags = ['--ignore-scripts=false', '--no-audit', '--no-fund', '--loglevel=error'];
    await runTool('npm', ['install', ...flags, `aws-lambda-ric@${version}`], {
      ...{ cwd: directory, from: 'Node with npm', env: { ...process.env, NODE_OPTIONS: '' } },
      ...(signal && { signal }),
    });
    if (existsSync(join(directory, 'node_modules', 'aws-lambda-ric', 'rapid-client.node'))) return;
    throw new Unavailable('npm installed aws-lambda-ric without compiling it; allow its install scripts');
  },
};

/** The real runtime client of Lambda; nothing runs, and the endpoint is the `node_modules` folder that has it. */
export async function installLambdaRic(signal?: AbortSignal): Promise<RunningServer> {
  if (platform() !== 'linux') throw new Unavailable('aws-lambda-ric compiles on Linux only');
  const directory = await installed(lambdaRic, { ...(signal && { signal }) });
  return { endpoint: join(directory, 'node_modules'), close: async () => undefined };
}

async function needCompilers(signal?: AbortSignal): Promise<void> {
  const packages = await missingPackages();
  if (packages.length === 0) return;
  const wanted = packages.join(' ');
  if (process.getuid?.() !== 0 || !(await isThere('apt-get')))
    throw new Unavailable(
      `aws-lambda-ric is compiled, for which ${wanted} are missing: apt-get install ${wanted}`,
    );
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const options = { from: 'apt-get', env, ...(signal && { signal }) };
  await runTool('apt-get', ['update', '-q'], options);
  await runTool('apt-get', ['install', '-y', '-q', '--no-install-recommends', ...packages], options);
}

async function missingPackages(): Promise<string[]> {
  const there = await Promise.all(Object.keys(compilers).map(isThere));
  return Object.values(compilers).filter((_, at) => !there[at]);
}
