import { readFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';

interface Package {
  readonly directory: string;
  readonly name: string;
}

/**
 * Names files in a way that does not depend on where the project and its packages lie: `orders/group.ts` for a module
 * of the project, `node_modules/zod/index.js` for one of a package, linked or copied.
 */
export function moduleNamesIn(root: string): (file: string) => string {
  const known = new Map<string, Package | undefined>();
  const own = packageOf(root, known);
  return (file) => {
    const absolute = resolve(root, file);
    const inPackages = absolute.lastIndexOf(`${sep}node_modules${sep}`);
    if (inPackages >= 0) return slashes(absolute.slice(inPackages + 1));
    if (absolute.startsWith(root + sep)) return slashes(relative(root, absolute));
    const found = packageOf(dirname(absolute), known);
    // The examples of Banyan's repository are projects within its package.
    if (found && (found.directory !== own?.directory || found.name === 'banyan')) {
      return `node_modules/${found.name}/${slashes(relative(found.directory, absolute))}`;
    }
    return slashes(relative(root, absolute));
  };
}

/** The package that a module's name belongs to; undefined for a module of the project. */
export function packageNamed(module: string): string | undefined {
  return /^node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(module)?.[1];
}

function packageOf(directory: string, known: Map<string, Package | undefined>): Package | undefined {
  if (known.has(directory)) return known.get(directory);
  const name = nameIn(directory);
  const parent = dirname(directory);
  const found =
    name !== undefined ? { directory, name } : parent === directory ? undefined : packageOf(parent, known);
  known.set(directory, found);
  return found;
}

function nameIn(directory: string): string | undefined {
  try {
    const { name } = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as { name?: unknown };
    return typeof name === 'string' ? name : undefined;
  } catch {
    // None here, or one that is none.
    return undefined;
  }
}

function slashes(path: string): string {
  return path.split(sep).join('/');
}
