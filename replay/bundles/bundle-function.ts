import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Plugin } from 'esbuild';
import { compile, withEsbuild, type Compiled } from './esbuild.ts';

/** What a function is deployed as. */
export interface FunctionBundle {
  /** One ES module, minified, with all that it uses and nothing else: `index.mjs`. */
  readonly text: string;
  /** As JSON: `index.mjs.map`. */
  readonly sourceMap: string;
  /** Of the text, in UTF-8. */
  readonly bytes: number;
}

/** Packages' ES modules where they have any: what is not used of them can be left out, as of the AWS SDK. */
const mainFields = ['module', 'main'];

/** Zod's messages in all languages are a fifth of a function, and it speaks English unless it is told otherwise. */
const englishOnly: Plugin = {
  name: 'zod-in-english',
  setup: (building) => {
    building.onLoad({ filter: /[\\/]zod[\\/]v4[\\/]locales[\\/]index\.js$/ }, () => ({
      contents: `export { default as en } from './en.js';`,
      loader: 'js',
    }));
  },
};

/**
 * Bundles a function of Lambda: a module that exports its handler. Of the languages that zod has messages in only
 * English is taken, unless the project names `locales`.
 * @param entry the module's text; its imports are found from the root
 * @throws BanyanError BUNDLE_FAILED
 */
export async function bundleFunction(entry: string, root: string): Promise<FunctionBundle> {
  const { text, sourceMap } = await withEsbuild(async () => {
    // Found out by a look, not by a failure: what is missing of a namespace is no error of esbuild's.
    const compiled = await compile(entry, root, { mainFields, plugins: [englishOnly] });
    return (await namesLocales(entry, root, compiled)) ? compile(entry, root, { mainFields }) : compiled;
  });
  return { text, sourceMap, bytes: Buffer.byteLength(text) };
}

/** Whether anything that is used, but zod itself, speaks of `locales`. */
async function namesLocales(entry: string, root: string, { files, bytesOf }: Compiled): Promise<boolean> {
  if (/\blocales\b/.test(entry)) return true;
  for (const file of Object.keys(files)) {
    const isUsed = bytesOf(file) > 0;
    if (!isUsed || file.includes('node_modules/') || file === 'banyan-bundle.js') continue;
    if (/\blocales\b/.test(await readFile(resolve(root, file), 'utf8'))) return true;
  }
  return false;
}
