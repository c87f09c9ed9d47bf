import type { AnyEvent, Translation } from 'banyan/events';
import type { AnyProjection } from 'banyan/projections';

/** What runs from a bundle. */
export type BundleKind = 'projection' | 'translation';

/** What is known of a bundle without running it; kept beside it. */
export interface BundleInfo {
  /** SHA-256 of the text, hexadecimal: the bundle's name. The same source gives the same on any machine. */
  readonly hash: string;
  readonly kind: BundleKind;
  /** The projection's name, or the translation's event log: `order-summary`, `shop:orders@1`. */
  readonly name: string;
  /** Each module that went in, relative to the project, and the SHA-256 of its source: they tell why two bundles differ. */
  readonly inputs: Readonly<Record<string, string>>;
}

/** One file with all its imports. */
export interface Bundle extends BundleInfo {
  /** An ES module. */
  readonly text: string;
  /** Its source map, as JSON; not part of the hash. */
  readonly sourceMap: string;
}

/** What a translation's bundle exports. */
export interface TranslationCode {
  readonly translation: Translation;
  /** Every event that the translation may make, with its schema. */
  readonly events: readonly AnyEvent[];
}

/** Bundles by their hash, in the environment. */
export interface BundleStore {
  /** Keeps a bundle; nothing happens when it is there. */
  put(bundle: Bundle): Promise<void>;
  /** @throws BanyanError BUNDLE_UNKNOWN */
  info(hash: string): Promise<BundleInfo>;
  /** The file to import, for another thread. */
  path(hash: string): string;
  /** @throws BanyanError BUNDLE_UNKNOWN, BUNDLE_BROKEN (damaged, or it does not load) */
  projection(hash: string): Promise<AnyProjection>;
  /** @throws BanyanError BUNDLE_UNKNOWN, BUNDLE_BROKEN */
  translation(hash: string): Promise<TranslationCode>;
}
