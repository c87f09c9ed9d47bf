/** The modules of a project, loaded, so that what they export can be told by identity. */
export interface ProjectModules {
  /** The absolute path of the project: where its configuration is. */
  readonly root: string;
  /** Each module's exports, by its path relative to the root, with slashes. */
  readonly exports: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** The modules that each imports, by the same paths. */
  readonly imports: Readonly<Record<string, readonly string[]>>;
}

/** Where something is exported. */
export interface ExportedAt {
  readonly module: string;
  readonly name: string;
}

/**
 * Where a value is exported: in the module that declares it, rather than in one that passes it on; undefined when no
 * module exports it.
 */
export function exportedAt(modules: ProjectModules, value: object): ExportedAt | undefined {
  const found = Object.keys(modules.exports)
    .sort()
    .flatMap((module) => {
      const name = nameIn(modules.exports[module] ?? {}, value);
      return name === undefined ? [] : [{ module, name }];
    });
  // Who passes it on imports who declares it, at whatever remove.
  const declaring = found.find(({ module }) => {
    const beneath = reachableFrom(module, modules.imports);
    return !found.some((other) => other.module !== module && beneath.has(other.module));
  });
  return declaring ?? found[0];
}

function nameIn(exports: Readonly<Record<string, unknown>>, value: unknown): string | undefined {
  const names = Object.keys(exports).filter((name) => exports[name] === value);
  return names.filter((name) => name !== 'default').sort()[0] ?? names[0];
}

function reachableFrom(module: string, imports: ProjectModules['imports']): ReadonlySet<string> {
  const seen = new Set<string>();
  const open = [...(imports[module] ?? [])];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (seen.has(next)) continue;
    seen.add(next);
    open.push(...(imports[next] ?? []));
  }
  return seen;
}
