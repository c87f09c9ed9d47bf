import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { AnyProjection } from 'banyan/projections';
import { BanyanError, toError, type FileSystem } from 'banyan/runtime';
import { z } from 'zod';
import type { BundleInfo, BundleKind, BundleStore, TranslationCode } from './bundle.ts';
import { sha256 } from './sha256.ts';

const infoShape = z.object({
  hash: z.string(),
  kind: z.enum(['projection', 'translation']),
  name: z.string(),
  inputs: z.record(z.string(), z.string()),
});
const projectionShape = z.looseObject({ kind: z.literal('projection'), name: z.string() });
const translationShape = z.looseObject({
  translation: z.looseObject({ kind: z.literal('translation'), name: z.string() }),
  events: z.array(z.unknown()),
});

/**
 * Bundles in a directory: `<hash>.mjs` (the text and a link to its source map), its `.json` (what is known of it) and
 * its `.mjs.map`. A text is checked against its hash before it runs; it is loaded once a process.
 */
export function openBundleStore({
  directory,
  fileSystem,
}: {
  readonly directory: string;
  readonly fileSystem: FileSystem;
}): BundleStore {
  const path = (hash: string): string => join(directory, `${hash}.mjs`);
  const loaded = new Map<string, Promise<unknown>>();
  const read = async (file: string, hash: string): Promise<Buffer> => {
    if ((await fileSystem.size(file)) === undefined) throw unknown(hash, directory);
    return fileSystem.readWhole(file);
  };
  const info = async (hash: string): Promise<BundleInfo> => {
    const text = await read(join(directory, `${hash}.json`), hash);
    try {
      return infoShape.parse(JSON.parse(text.toString()));
    } catch (error) {
      throw broken(hash, 'what is noted of it cannot be read', error);
    }
  };
  const load = async (hash: string): Promise<unknown> => {
    const content = await read(path(hash), hash);
    if (!isWhole(content, hash)) throw broken(hash, `${path(hash)} is not what it was`);
    try {
      return ((await import(pathToFileURL(path(hash)).href)) as { readonly default?: unknown }).default;
    } catch (error) {
      throw broken(hash, `it failed while it was loaded: ${toError(error).message}`, error);
    }
  };
  const exported = async (hash: string, kind: BundleKind, shape: z.ZodType): Promise<unknown> => {
    const loading = loaded.get(hash) ?? load(hash);
    loaded.set(hash, loading);
    // What failed is tried again when it is asked for again.
    loading.catch(() => loaded.delete(hash));
    const found = await loading;
    if (!shape.safeParse(found).success) throw broken(hash, `it holds no ${kind}`);
    return found;
  };
  return {
    path,
    info,
    put: async ({ text, sourceMap, hash, kind, name, inputs }) => {
      const file = path(hash);
      const size = await fileSystem.size(file);
      if (size !== undefined && isWhole(await fileSystem.readWhole(file), hash)) return;
      await fileSystem.makeDirectory(directory);
      await fileSystem.replace(`${file}.map`, sourceMap);
      const noted: BundleInfo = { hash, kind, name, inputs };
      await fileSystem.replace(join(directory, `${hash}.json`), JSON.stringify(noted));
      // Last: with it the bundle is there.
      await fileSystem.replace(file, text + linkOf(hash));
    },
    projection: async (hash) => (await exported(hash, 'projection', projectionShape)) as AnyProjection,
    translation: async (hash) => (await exported(hash, 'translation', translationShape)) as TranslationCode,
  };
}

/** Where Node finds the source map, so that the trace of an error tells the place in the project's own files. */
function linkOf(hash: string): string {
  return `\n//# sourceMappingURL=${hash}.mjs.map\n`;
}

function isWhole(content: Buffer, hash: string): boolean {
  const link = linkOf(hash);
  const text = content.subarray(0, Math.max(0, content.length - link.length));
  return content.subarray(text.length).toString() === link && sha256(text) === hash;
}

function unknown(hash: string, directory: string): BanyanError {
  return new BanyanError(
    'BUNDLE_UNKNOWN',
    `There is no bundle ${hash} in ${directory}. It was removed, or this is another environment's directory: restore it ` +
      'from a backup, or build a new generation.',
    { details: { bundle: hash } },
  );
}

function broken(hash: string, why: string, cause?: unknown): BanyanError {
  return new BanyanError(
    'BUNDLE_BROKEN',
    `Bundle ${hash} cannot run: ${why}. Restore it from a backup, or build a new generation.`,
    { details: { bundle: hash }, cause },
  );
}
