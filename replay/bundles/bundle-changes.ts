import type { BundleInfo } from './bundle.ts';
import { packageNamed } from './module-names.ts';

/** Why two bundles differ: the project's modules by their paths, packages by their names. */
export interface BundleChanges {
  readonly changed: readonly string[];
  readonly added: readonly string[];
  readonly removed: readonly string[];
}

/** Which modules tell one bundle from another; none where only the compiler is another. */
export function bundleChanges(
  old: Pick<BundleInfo, 'inputs'>,
  next: Pick<BundleInfo, 'inputs'>,
): BundleChanges {
  const [before, after] = [byName(old.inputs), byName(next.inputs)];
  const names = [...new Set([...before.keys(), ...after.keys()])].sort();
  return {
    changed: names.filter(
      (name) => before.has(name) && after.has(name) && before.get(name) !== after.get(name),
    ),
    added: names.filter((name) => !before.has(name)),
    removed: names.filter((name) => !after.has(name)),
  };
}

/** Modules of the project one by one, those of a package together. */
function byName(inputs: BundleInfo['inputs']): ReadonlyMap<string, string> {
  const named = new Map<string, string>();
  for (const module of Object.keys(inputs).sort()) {
    const name = packageNamed(module) ?? module;
    named.set(name, `${named.get(name) ?? ''}${module}:${inputs[module] ?? ''}\n`);
  }
  return named;
}
