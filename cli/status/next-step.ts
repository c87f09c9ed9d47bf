import { isBeingBuilt, type Generation } from 'banyan/projections';
import { rebuilding } from 'banyan/replay';
import { nodeFileSystem } from 'banyan/runtime';

/** Why a view is not as it should be, and what to do next. */
export interface NextStep {
  /** A sentence without its full stop. */
  readonly why: string;
  /** A command. */
  readonly next: string;
}

/**
 * Of a generation that is being built, or opened to what its functions bring, while nobody does that: whoever did was
 * killed, or has failed. Undefined of all others.
 */
export async function abandoned(
  generation: Pick<Generation, 'projection' | 'number' | 'state'>,
  directory: string,
): Promise<NextStep | undefined> {
  const { projection, number, state } = generation;
  if (!isBeingBuilt(generation)) return undefined;
  if (await rebuilding(nodeFileSystem, directory, projection)) return undefined;
  const what = `Generation ${String(number)} of view ${projection} is ${state.kind}, and nobody goes on with it`;
  return {
    why: state.kind === 'opening' ? `${what}: its functions give back all that comes` : what,
    next: `banyan replay start ${projection}`,
  };
}

/** Of a view that was never built. @param isFed whether `banyan dev` feeds the views: it makes the first generation */
export function unbuilt(projection: string, isFed: boolean): NextStep {
  const why = `View ${projection} is not built yet`;
  return { why, next: isFed ? 'banyan dev' : `banyan replay start ${projection}` };
}

/** For a person: a line each. */
export function nextStepsText(steps: readonly NextStep[]): string {
  return steps.map(({ why, next }) => `${why}; next: ${next}\n`).join('');
}
