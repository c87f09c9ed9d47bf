import type { ViewStore } from 'banyan/projections';
import { pathToFileURL } from 'node:url';
import { storeUnreachable } from './errors.ts';
import type { StoreModule } from './worker-messages.ts';

/** Opens the store of a module. @throws BanyanError REPLAY_STORE_NOT_OPENED */
export async function openStoreOf(
  { module, export: name }: StoreModule,
  projection: string,
): Promise<ViewStore> {
  const url = module.startsWith('file:') ? module : pathToFileURL(module).href;
  const found = (await import(url)) as Record<string, unknown>;
  const exported = found[name];
  const made: unknown = typeof exported === 'function' ? await (exported as () => unknown)() : exported;
  for (const candidate of [made, (made as { views?: unknown } | undefined)?.views])
    if (isStore(candidate)) return candidate;
  throw storeUnreachable(
    projection,
    `the export ${JSON.stringify(name)} of ${module} to be a view store, a function that gives one, or an object whose ` +
      '`views` is one',
  );
}

function isStore(value: unknown): value is ViewStore {
  const like = value as Partial<Record<keyof ViewStore, unknown>> | undefined | null;
  return (
    typeof like === 'object' && typeof like?.writeMany === 'function' && typeof like.readMany === 'function'
  );
}
