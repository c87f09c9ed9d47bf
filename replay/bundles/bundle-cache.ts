import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { FileSystem } from 'banyan/runtime';
import { version as compiler } from 'esbuild';
import type { Bundle, BundleKind } from './bundle.ts';

/** What identifies a bundle before it is built. */
interface Asked {
  readonly kind: BundleKind;
  readonly name: string;
  /** The generated module that it begins from. */
  readonly entry: string;
}

interface Kept {
  readonly key: string;
  /** Every file that was read, and its SHA-256. */
  readonly files: Readonly<Record<string, string>>;
  readonly bundle: Bundle;
}

/** The newest bundle of each projection and translation, good as long as no file that went in has changed. */
export interface BundleCache {
  get(asked: Asked, hashOf: (file: string) => Promise<string | undefined>): Promise<Bundle | undefined>;
  put(made: {
    readonly wanted: Asked;
    readonly bundle: Bundle;
    readonly files: Kept['files'];
  }): Promise<void>;
}

/**
 * Keeps bundles in a directory.
 * @param version what else the bundles depend on: which files the imports of the project mean
 */
export function openBundleCache({
  directory,
  fileSystem,
  version,
}: {
  readonly directory: string;
  readonly fileSystem: FileSystem;
  readonly version: string;
}): BundleCache {
  const path = ({ kind, name }: Asked): string => join(directory, `${kind}.${name.replace(':', '.')}.json`);
  const keyOf = ({ entry }: Asked): string => `${compiler} ${version}\n${entry}`;
  return {
    get: async (asked, hashOf) => {
      const kept = await read(path(asked));
      if (kept?.key !== keyOf(asked)) return undefined;
      for (const [file, hash] of Object.entries(kept.files)) {
        if ((await hashOf(file)) !== hash) return undefined;
      }
      return kept.bundle;
    },
    put: async ({ wanted, bundle, files }) => {
      await fileSystem.makeDirectory(directory);
      const kept: Kept = { key: keyOf(wanted), files, bundle };
      await fileSystem.replace(path(wanted), JSON.stringify(kept));
    },
  };
}

async function read(path: string): Promise<Kept | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Kept;
  } catch {
    // Not there, or damaged: it is built anew.
    return undefined;
  }
}
