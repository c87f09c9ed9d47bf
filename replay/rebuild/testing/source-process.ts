import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** Rooms by their names, from the sources: a child and its workers know nothing of jest. */
const rooms = `import { registerHooks } from 'node:module';
registerHooks({ resolve: (name, context, next) => {
  const room = /^banyan\\/(.*)$/.exec(name);
  return next(room ? new URL(room[1] + '/index.ts', '${pathToFileURL(process.cwd()).href}/').href : name, context);
} });`;

/** Runs a script in a process of its own. */
export function runSource(script: URL, args: readonly string[], env: NodeJS.ProcessEnv): ChildProcess {
  const flags = [
    '--disable-warning=ExperimentalWarning',
    '--import',
    `data:text/javascript,${encodeURIComponent(rooms)}`,
  ];
  return spawn(process.execPath, [...flags, fileURLToPath(script), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NODE_OPTIONS: '', ...env },
  });
}
