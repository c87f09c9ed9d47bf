import type { Generation, LivePointer } from 'banyan/projections';

/** Not retired, nor being retired, whatever its state says yet. */
export function isKept({ projection, number, state }: Generation, pointer: LivePointer | undefined): boolean {
  return state.kind !== 'retired' && pointer?.past?.[projection]?.retired.includes(number) !== true;
}

/** Whether a generation gets the events that come: it is live, or ready to be. */
export function isFed(generation: Generation, pointer: LivePointer | undefined): boolean {
  const { kind } = generation.state;
  return isKept(generation, pointer) && (kind === 'live' || kind === 'ready');
}
