import { basename, dirname } from 'node:path';
import { build, type BuildOptions, type Metafile } from 'esbuild';
import { withEsbuild } from './esbuild.ts';
import { moduleNamesIn, packageNamed } from './module-names.ts';
import type { ProjectModules } from './project-modules.ts';

/** A configuration with all modules of its project, as one ES module; packages stay outside. */
export interface CompiledProject {
  /** It exports the configuration's default export as `default`, and each module's exports, by its path, as `modules`. */
  readonly text: string;
  readonly imports: ProjectModules['imports'];
}

/**
 * Compiles a configuration together with an index of every module of the project that it reaches, so that what each
 * exports can be told by identity.
 * @throws what esbuild throws; see `saidByEsbuild`
 */
export async function compileProject(file: string): Promise<CompiledProject> {
  const root = dirname(file);
  return withEsbuild(async () => {
    const { metafile } = await build({ ...options(root), entryPoints: [file] });
    const imports = importsOf(metafile, root);
    const built = await build({
      ...options(root),
      stdin: {
        contents: entry(basename(file), Object.keys(imports)),
        resolveDir: root,
        sourcefile: 'banyan-project.js',
      },
      sourcemap: 'inline',
    });
    return { text: built.outputFiles[0]?.text ?? '', imports };
  });
}

function options(root: string): BuildOptions & { write: false; metafile: true } {
  return {
    absWorkingDir: root,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node22',
    // One copy of Banyan, that of the command.
    packages: 'external',
    // Modules of the project may ask where they are; bundled they are all here.
    define: { 'import.meta.dirname': JSON.stringify(root) },
    metafile: true,
    write: false,
    logLevel: 'silent',
  };
}

/** The configuration comes first, so that the modules are run in the order in which it imports them. */
function entry(config: string, modules: readonly string[]): string {
  const paths = [config, ...modules].map((module) =>
    JSON.stringify(module.startsWith('../') ? module : `./${module}`),
  );
  const imports = paths.map((path, i) => `import * as m${String(i)} from ${path};\n`);
  const index = modules.map((module, i) => `${JSON.stringify(module)}: m${String(i + 1)},\n`);
  return `${imports.join('')}export const modules = {\n${index.join('')}};\nexport default m0.default;\n`;
}

function importsOf({ inputs }: Metafile, root: string): Record<string, readonly string[]> {
  const nameOf = moduleNamesIn(root);
  const isOwn = (file: string): boolean =>
    /\.[cm]?[jt]sx?$/.test(file) && packageNamed(nameOf(file)) === undefined;
  const own = Object.entries(inputs).filter(([file]) => isOwn(file));
  return Object.fromEntries(
    own.map(([file, { imports }]) => [file, imports.map(({ path }) => path).filter(isOwn)]),
  );
}
