import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { compileProject, saidByEsbuild, type CompiledProject, type ProjectModules } from 'banyan/replay';
import { BanyanError, nodeFileSystem, toError } from 'banyan/runtime';
import { checkConfig, type BanyanConfig } from './config.ts';
import { checkTypes } from './type-check.ts';

/** A configuration and where it came from. */
export interface LoadedConfig {
  readonly config: BanyanConfig;
  /** The absolute path of the config file. */
  readonly file: string;
  /** The absolute path of the directory of logs and states. */
  readonly directory: string;
  /** What the modules of the project export: what runs is bundled from there. */
  readonly modules: ProjectModules;
  /** Where compiled code is kept. */
  readonly cache: string;
  /** The hash of the compiled configuration: another one when any module of the project is. */
  readonly version: string;
  /** The compiled configuration, an ES module: another thread opens the view store by it. */
  readonly compiled: string;
}

/** How to load one. */
export interface LoadOptions {
  /** The config file; default: the nearest `banyan.config.ts` (`.js`, `.mjs`) here or above. */
  readonly file?: string;
  readonly cwd: string;
  readonly typeCheck: boolean;
  /** Told what is no error, in a sentence; when the configuration has changed. */
  readonly warn?: (message: string) => void;
}

const names = ['banyan.config.ts', 'banyan.config.js', 'banyan.config.mjs'];

/**
 * Loads a configuration: bundles the file with what it imports from the project (packages stay outside, so that
 * there is one copy of Banyan), checks its types, imports it and checks its shape.
 * @throws BanyanError CONFIG_NOT_FOUND, CONFIG_TYPE_ERROR, CONFIG_BROKEN, CONFIG_INVALID.
 */
export async function loadConfig(options: LoadOptions): Promise<LoadedConfig> {
  const file = options.file === undefined ? findConfig(options.cwd) : resolve(options.cwd, options.file);
  if (!existsSync(file)) {
    throw new BanyanError(
      'CONFIG_NOT_FOUND',
      `There is no file ${file}. Name the configuration with --config FILE.`,
    );
  }
  const { text, imports } = await compiledConfig(file);
  const version = createHash('sha256').update(text).digest('hex').slice(0, 16);
  const cache = join(dirname(file), '.banyan', 'config');
  // What was not checked is kept apart, so that it is checked when somebody asks for it.
  const compiled = join(cache, `${version}${options.typeCheck ? '' : '.unchecked'}.mjs`);
  if (!existsSync(compiled)) {
    if (options.typeCheck) await refuseTypeErrors(file, options);
    await nodeFileSystem.makeDirectory(cache);
    // Whole or not at all: commands may run side by side.
    await nodeFileSystem.createExclusive(compiled, text);
  }
  const exported = await importCompiled(compiled, file);
  const config = checkConfig(exported.default, file);
  return {
    config,
    file,
    directory: resolve(dirname(file), config.directory ?? '.banyan'),
    modules: { root: dirname(file), exports: exported.modules, imports },
    cache,
    version,
    compiled,
  };
}

function findConfig(cwd: string): string {
  for (let directory = resolve(cwd); ; directory = dirname(directory)) {
    const found = names.map((name) => join(directory, name)).find((path) => existsSync(path));
    if (found !== undefined) return found;
    if (directory === dirname(directory)) break;
  }
  throw new BanyanError(
    'CONFIG_NOT_FOUND',
    `There is no ${names.join(', ')} in ${cwd} or above it. Go to your project, or name the file with --config FILE.`,
  );
}

async function compiledConfig(file: string): Promise<CompiledProject> {
  try {
    return await compileProject(file);
  } catch (error) {
    throw new BanyanError('CONFIG_BROKEN', `${basename(file)} cannot be read:\n${saidByEsbuild(error)}`, {
      cause: error,
    });
  }
}

async function refuseTypeErrors(file: string, { warn }: LoadOptions): Promise<void> {
  const found = await checkTypes(file);
  if (found.kind === 'unusable')
    warn?.(
      `The types of ${basename(file)} are not checked: TypeScript ${found.version}, which is installed, has no compiler ` +
        'API. Install one that has: npm install --save-dev typescript@6; or check them yourself (tsc), and start with ' +
        '--no-type-check.',
    );
  const errors = found.kind === 'checked' ? found.errors : [];
  if (errors.length === 0) return;
  throw new BanyanError(
    'CONFIG_TYPE_ERROR',
    `${basename(file)} has type errors:\n${errors.map((error) => `  ${error}`).join('\n')}\nMend them, or start with --no-type-check.`,
    { details: { file, errors } },
  );
}

async function importCompiled(
  compiled: string,
  file: string,
): Promise<{ readonly default?: unknown; readonly modules: ProjectModules['exports'] }> {
  try {
    return (await import(pathToFileURL(compiled).href)) as { modules: ProjectModules['exports'] };
  } catch (error) {
    throw new BanyanError(
      'CONFIG_BROKEN',
      `${basename(file)} failed while it was loaded: ${toError(error).message}`,
      { cause: error },
    );
  }
}
