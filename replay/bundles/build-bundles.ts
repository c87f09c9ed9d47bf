import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { eventLogName, type AnyEvent } from 'banyan/events';
import type { AnyProjection } from 'banyan/projections';
import { BanyanError } from 'banyan/runtime';
import type { BundleCache } from './bundle-cache.ts';
import type { Bundle, BundleKind, TranslationCode } from './bundle.ts';
import { compile, withEsbuild, type Compiled } from './esbuild.ts';
import { moduleNamesIn, packageNamed } from './module-names.ts';
import { exportedAt, type ProjectModules } from './project-modules.ts';
import { sha256 } from './sha256.ts';

/** What to bundle, and from where. */
export interface BundleRequest {
  readonly modules: ProjectModules;
  readonly projections: readonly AnyProjection[];
  readonly translations: readonly TranslationCode[];
  /** Keeps what was built, so that it is not built again while nothing has changed. */
  readonly cache?: BundleCache;
}

/** The bundles of what was asked for. */
export interface BuiltBundles {
  /** By the name of the projection. */
  readonly projections: ReadonlyMap<string, Bundle>;
  /** By the name of the translation's event log: `shop:orders@1`. */
  readonly translations: ReadonlyMap<string, Bundle>;
}

/** One bundle to be made. */
interface Wanted {
  readonly kind: BundleKind;
  readonly name: string;
  readonly entry: string;
}

/**
 * Bundles projections and translations, each with all that it imports, packages included. The same source gives the
 * same bundle on any machine; comments and form make no difference.
 * @throws BanyanError BUNDLE_NOT_EXPORTED, BUNDLE_FAILED
 */
export async function buildBundles({
  modules,
  projections,
  translations,
  cache,
}: BundleRequest): Promise<BuiltBundles> {
  const missing: string[] = [];
  const at = importer(modules, missing);
  const wanted = [
    ...projections.map((one) => wantedProjection(one, at)),
    ...translations.map((one) => wantedTranslation(one, at)),
  ];
  if (missing.length > 0) throw notExported(missing);
  const files = fileHashes(modules.root);
  const built = await withEsbuild(async () => {
    const made: Bundle[] = [];
    for (const one of wanted) made.push(await cached(one, modules.root, files, cache));
    return made;
  });
  const of = (kind: BundleKind): ReadonlyMap<string, Bundle> =>
    new Map(built.filter((bundle) => bundle.kind === kind).map((bundle) => [bundle.name, bundle]));
  return { projections: of('projection'), translations: of('translation') };
}

type Importer = (value: object, called: string) => string;

/** Writes the import of a value, as `{ "orders" as X } from "./orders.ts"` with X to be put in; notes what is exported nowhere. */
function importer(modules: ProjectModules, missing: string[]): Importer {
  return (value, called) => {
    const found = exportedAt(modules, value);
    if (!found) missing.push(called);
    const path = found?.module.startsWith('../') === true ? found.module : `./${found?.module ?? ''}`;
    return `{ ${JSON.stringify(found?.name)} as X } from ${JSON.stringify(path)}`;
  };
}

function wantedProjection(projection: AnyProjection, at: Importer): Wanted {
  const exported = at(projection, `projection "${projection.name}"`);
  return {
    kind: 'projection',
    name: projection.name,
    entry: `export ${exported.replace(' as X ', ' as default ')};\n`,
  };
}

function wantedTranslation({ translation, events }: TranslationCode, at: Importer): Wanted {
  const { name, version, tables } = translation;
  const byType = (one: AnyEvent, other: AnyEvent): number => (one.type < other.type ? -1 : 1);
  const imports = [
    at(translation, `translation "${name}"`),
    ...[...events].sort(byType).map((event) => at(event, `event ${event.type}`)),
  ].map((imported, i) => `import ${imported.replace(' as X ', ` as x${String(i)} `)};\n`);
  const list = events.map((_, i) => `x${String(i + 1)}`).join(', ');
  return {
    kind: 'translation',
    name: eventLogName({ source: tables.source, translation: name, version }),
    entry: `${imports.join('')}export default { translation: x0, events: [${list}] };\n`,
  };
}

function notExported(missing: readonly string[]): BanyanError {
  return new BanyanError(
    'BUNDLE_NOT_EXPORTED',
    `No module of the project exports ${missing.join(', ')}. What runs, runs from a bundle of its own, made from the ` +
      'module that exports it: write "export const ... =" before each, in a module that the configuration imports ' +
      'by a path ("./orders.ts"); a default export does as well.',
    { details: { missing } },
  );
}

async function cached(
  wanted: Wanted,
  root: string,
  files: FileHashes,
  cache: BundleCache | undefined,
): Promise<Bundle> {
  const known = await cache?.get(wanted, files);
  if (known) return known;
  const compiled = await compile(wanted.entry, root);
  const bundle = await bundleOf(wanted, compiled, root, files);
  await cache?.put({ wanted, bundle, files: await hashesOf(Object.keys(compiled.files), files) });
  return bundle;
}

async function bundleOf(
  { kind, name }: Wanted,
  compiled: Compiled,
  root: string,
  files: FileHashes,
): Promise<Bundle> {
  const nameOf = moduleNamesIn(root);
  const inputs: Record<string, string> = {};
  for (const file of Object.keys(compiled.files).sort()) {
    const module = nameOf(file);
    // A constant may be written in where it is used: of the project's modules, every one may matter.
    const isIn = compiled.bytesOf(file) > 0 || packageNamed(module) === undefined;
    const hash = isIn ? await files(file) : undefined;
    if (hash !== undefined) inputs[module] = hash;
  }
  const { text, sourceMap } = compiled;
  return { hash: sha256(text), kind, name, inputs, text, sourceMap };
}

/** The SHA-256 of a file's content, once; undefined when there is none, as for the generated entry. */
export type FileHashes = (file: string) => Promise<string | undefined>;

function fileHashes(root: string): FileHashes {
  const known = new Map<string, Promise<string | undefined>>();
  return (file) => {
    const hash = known.get(file) ?? readFile(resolve(root, file)).then(sha256, () => undefined);
    known.set(file, hash);
    return hash;
  };
}

async function hashesOf(names: readonly string[], files: FileHashes): Promise<Record<string, string>> {
  const hashed = await Promise.all(names.map(async (name) => [name, await files(name)] as const));
  return Object.fromEntries(hashed.flatMap(([name, hash]) => (hash === undefined ? [] : [[name, hash]])));
}
