import { builtinModules } from 'node:module';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { BanyanError, toError } from 'banyan/runtime';
import {
  build,
  stop,
  type BuildFailure,
  type BuildOptions,
  type BuildResult,
  type Message,
  type Metafile,
} from 'esbuild';

let running = 0;

/**
 * Runs what calls esbuild, and ends esbuild's own process with the last of it: it would stay beside this one, some
 * 40 MB.
 */
export async function withEsbuild<T>(work: () => Promise<T>): Promise<T> {
  running += 1;
  try {
    return await work();
  } finally {
    running -= 1;
    if (running === 0) await stop();
  }
}

/** What esbuild found wrong, a line each, with the places. */
export function saidByEsbuild(error: unknown): string {
  const lines = errorsOf(error).map(
    ({ text, location }) =>
      `  ${location ? `${location.file}:${String(location.line)}:${String(location.column + 1)}: ` : ''}${text}`,
  );
  return lines.length > 0 ? lines.join('\n') : toError(error).message;
}

function errorsOf(error: unknown): readonly Message[] {
  return (error as Partial<BuildFailure>).errors ?? [];
}

/** One module with all that it imports. */
export interface Compiled {
  readonly text: string;
  /** As JSON. */
  readonly sourceMap: string;
  /** The files that were read, absolute or relative to the root, and the bytes that each has in the text. */
  readonly files: Metafile['inputs'];
  readonly bytesOf: (file: string) => number;
}

/*
 * What Banyan itself needs to run, and no pure function does. Left out at first, since reading them takes half of the
 * time (530 ms instead of 250 for a view of the shop); where something of them is in use after all, it goes in.
 */
const heavy = [
  'pg',
  'knex',
  'hono',
  '@hono/*',
  'jose',
  'cockatiel',
  'pino',
  'esbuild',
  'commander',
  'cli-progress',
];

/** CommonJS packages ask for Node's own modules by `require`, which an ES module does not have. */
const banner =
  `import{createRequire as banyanCreateRequire}from"node:module";` +
  `const require=banyanCreateRequire(import.meta.url);`;

/** How a bundle is made differently. */
export type Making = Pick<BuildOptions, 'mainFields' | 'plugins'>;

/**
 * Compiles an entry, given as text, to one minified ES module that needs nothing but Node. The text is the same
 * wherever the root lies.
 * @throws BanyanError BUNDLE_FAILED
 */
export async function compile(entry: string, root: string, making: Making = {}): Promise<Compiled> {
  try {
    const light = await run(entry, root, heavy, making);
    const built = selfContained(light) ? light : await run(entry, root, [], making);
    const of = (end: string): string => built.outputFiles.find(({ path }) => path.endsWith(end))?.text ?? '';
    const [output] = Object.values(built.metafile.outputs).filter(
      ({ entryPoint }) => entryPoint !== undefined,
    );
    return {
      text: of('.mjs'),
      sourceMap: mapForTraces(of('.map'), root),
      files: built.metafile.inputs,
      bytesOf: (file) => output?.inputs[file]?.bytesInOutput ?? 0,
    };
  } catch (error) {
    throw new BanyanError('BUNDLE_FAILED', `This cannot be bundled:\n${entry}\n${saidByEsbuild(error)}`, {
      cause: error,
    });
  }
}

type Built = BuildResult<{ write: false; metafile: true }>;

async function run(entry: string, root: string, external: readonly string[], making: Making): Promise<Built> {
  try {
    return await build({
      stdin: { contents: entry, resolveDir: root, sourcefile: 'banyan-bundle.js' },
      absWorkingDir: root,
      outfile: join(root, 'bundle.mjs'),
      bundle: true,
      minify: true,
      treeShaking: true,
      legalComments: 'none',
      sourcemap: 'external',
      format: 'esm',
      platform: 'node',
      target: 'node22',
      external: [...external],
      banner: { js: banner },
      metafile: true,
      write: false,
      logLevel: 'silent',
      ...making,
    });
  } catch (error) {
    // A package may ask for others that are not installed, to use them when they are; mostly they are shaken off.
    const missing = optional(error).filter((name) => !external.includes(name));
    if (missing.length === 0) throw error;
    return run(entry, root, [...external, ...missing], making);
  }
}

/** The packages that packages, and not the project, ask for in vain. */
function optional(error: unknown): readonly string[] {
  return errorsOf(error).flatMap(({ text, location }) => {
    const name = /^Could not resolve "([^"./][^"]*)"/.exec(text)?.[1];
    return name !== undefined && location?.file.includes('node_modules/') === true ? [name] : [];
  });
}

function selfContained({ metafile }: Built): boolean {
  const imports = Object.values(metafile.outputs).flatMap((output) => output.imports);
  return imports.every(({ path }) => path.startsWith('node:') || builtinModules.includes(path));
}

/**
 * With whole addresses, since the map is kept elsewhere; and without the text of packages, which is most of it, for
 * whoever reads a trace has them.
 */
function mapForTraces(map: string, root: string): string {
  const { sources, sourcesContent, ...rest } = JSON.parse(map) as {
    sources: string[];
    sourcesContent: string[];
  };
  return JSON.stringify({
    ...rest,
    sources: sources.map((source) => pathToFileURL(resolve(root, source)).href),
    sourcesContent: sources.map((source, i) =>
      source.includes('node_modules/') ? null : (sourcesContent[i] ?? null),
    ),
  });
}
