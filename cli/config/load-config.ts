import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { BanyanError, toError } from 'banyan/runtime';
import { build, stop, type BuildFailure } from 'esbuild';
import { checkConfig, type BanyanConfig } from './config.ts';
import { typeErrorsOf } from './type-check.ts';

/** A configuration and where it came from. */
export interface LoadedConfig {
  readonly config: BanyanConfig;
  /** The absolute path of the config file. */
  readonly file: string;
  /** The absolute path of the directory of logs and states. */
  readonly directory: string;
}

/** How to load one. */
export interface LoadOptions {
  /** The config file; default: the nearest `banyan.config.ts` (`.js`, `.mjs`) here or above. */
  readonly file?: string;
  readonly cwd: string;
  readonly typeCheck: boolean;
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
  const bundle = await bundleConfig(file);
  const cache = join(dirname(file), '.banyan', 'config');
  // What was not checked is kept apart, so that it is checked when somebody asks for it.
  const compiled = join(cache, `${bundle.hash}${options.typeCheck ? '' : '.unchecked'}.mjs`);
  if (!existsSync(compiled)) {
    if (options.typeCheck) await refuseTypeErrors(file);
    await mkdir(cache, { recursive: true });
    await writeFile(compiled, bundle.text);
  }
  const config = checkConfig(await importDefault(compiled, file), file);
  return { config, file, directory: resolve(dirname(file), config.directory ?? '.banyan') };
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

async function bundleConfig(file: string): Promise<{ readonly text: string; readonly hash: string }> {
  try {
    const built = await build({
      entryPoints: [file],
      absWorkingDir: dirname(file),
      bundle: true,
      format: 'esm',
      platform: 'node',
      target: 'node22',
      packages: 'external',
      sourcemap: 'inline',
      // Modules of the project may ask where they are; bundled they are all here.
      define: { 'import.meta.dirname': JSON.stringify(dirname(file)) },
      write: false,
      logLevel: 'silent',
    });
    const text = built.outputFiles[0]?.text ?? '';
    return { text, hash: createHash('sha256').update(text).digest('hex').slice(0, 16) };
  } catch (error) {
    const failure = error as Partial<BuildFailure>;
    const where = (failure.errors ?? []).map(
      ({ text, location }) =>
        `  ${location ? `${location.file}:${location.line}:${location.column + 1}: ` : ''}${text}`,
    );
    const said = where.length > 0 ? where.join('\n') : toError(error).message;
    throw new BanyanError('CONFIG_BROKEN', `${basename(file)} cannot be read:\n${said}`, { cause: error });
  } finally {
    // esbuild's own process would stay beside this one, some 40 MB.
    await stop();
  }
}

async function refuseTypeErrors(file: string): Promise<void> {
  const errors = await typeErrorsOf(file);
  if (errors.length === 0) return;
  throw new BanyanError(
    'CONFIG_TYPE_ERROR',
    `${basename(file)} has type errors:\n${errors.map((error) => `  ${error}`).join('\n')}\nMend them, or start with --no-type-check.`,
    { details: { file, errors } },
  );
}

async function importDefault(compiled: string, file: string): Promise<unknown> {
  try {
    const module = (await import(pathToFileURL(compiled).href)) as { default?: unknown };
    return module.default;
  } catch (error) {
    throw new BanyanError(
      'CONFIG_BROKEN',
      `${basename(file)} failed while it was loaded: ${toError(error).message}`,
      {
        cause: error,
      },
    );
  }
}
