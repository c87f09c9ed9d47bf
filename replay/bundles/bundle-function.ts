import { compile, withEsbuild } from './esbuild.ts';

/** What a function is deployed as. */
export interface FunctionBundle {
  /** One ES module, minified, with all that it uses and nothing else: `index.mjs`. */
  readonly text: string;
  /** As JSON: `index.mjs.map`. */
  readonly sourceMap: string;
  /** Of the text, in UTF-8. */
  readonly bytes: number;
}

/**
 * Bundles a function of Lambda: a module that exports its handler.
 * @param entry the module's text; its imports are found from the root
 * @throws BanyanError BUNDLE_FAILED
 */
export async function bundleFunction(entry: string, root: string): Promise<FunctionBundle> {
  const { text, sourceMap } = await withEsbuild(() => compile(entry, root));
  return { text, sourceMap, bytes: Buffer.byteLength(text) };
}
