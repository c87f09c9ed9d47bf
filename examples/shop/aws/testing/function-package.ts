import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { bundleFunction, bundlesDirectory, type BundleStore } from 'banyan/replay';

/** The functions of the shop: `functions/projector.ts`, `functions/tracker.ts`. */
export type FunctionName = 'projector' | 'tracker';

/** By the name of the function; the code of a view is no part of it. */
const bundled = new Map<FunctionName, Promise<string>>();

/**
 * Writes what is deployed of a function: `index.mjs`, its module with all that it uses, and beside it the bundles of
 * the generations that it serves.
 */
export async function packageFunction(
  name: FunctionName,
  bundles: Pick<BundleStore, 'path'>,
  hashes: readonly string[],
  directory: string,
): Promise<void> {
  await mkdir(bundlesDirectory(directory), { recursive: true });
  const text = bundled.get(name) ?? bundle(name);
  bundled.set(name, text);
  await writeFile(join(directory, 'index.mjs'), await text);
  for (const path of hashes.map((hash) => bundles.path(hash)))
    await copyFile(path, join(bundlesDirectory(directory), basename(path)));
}

async function bundle(name: FunctionName): Promise<string> {
  const entry = `export { handler } from './examples/shop/aws/functions/${name}.ts';`;
  return (await bundleFunction(entry, process.cwd())).text;
}
