import type { AnyProjection, Generation, GenerationId, ViewStore } from 'banyan/projections';
import { bundlesDirectory, openBundleStore } from 'banyan/replay';
import { nodeFileSystem } from 'banyan/runtime';
import type { FunctionSettings } from './settings.ts';

/** A generation with the code that built it. */
export interface CodedGeneration {
  readonly generation: Generation;
  readonly projection: AnyProjection;
}

/**
 * A generation as the registry has it, and its projection from the bundle that it names. The bundle lies in the
 * function's package, in `bundles/`: a new generation is a new function, and no function ever changes its code.
 * @throws Error when it is not registered; BanyanError BUNDLE_UNKNOWN when the package is another generation's
 */
export async function codedGeneration(
  { taskRoot }: Pick<FunctionSettings, 'taskRoot'>,
  store: Pick<ViewStore, 'generations'>,
  { projection: view, number }: GenerationId,
): Promise<CodedGeneration> {
  const generation = (await store.generations(view)).find((one) => one.number === number);
  if (!generation)
    throw new Error(
      `There is no generation ${String(number)} of view ${view}: see GENERATIONS and VIEWS_PREFIX of this function, ` +
        'and what `banyan status` says.',
    );
  const bundles = openBundleStore({ directory: bundlesDirectory(taskRoot), fileSystem: nodeFileSystem });
  return { generation, projection: await bundles.projection(generation.bundle) };
}
