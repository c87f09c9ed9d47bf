import type { LivePointer, PointerPast } from 'banyan/projections';
import type { Choice } from './choose.ts';

/** Generations that a pointer remembers as live before, and as retired: more than anybody goes back by hand. */
const [mostBefore, mostRetired] = [20, 200];

/** What a pointer is to become. */
export type PointerContent = Required<Pick<LivePointer, 'live' | 'past'>>;

/** The pointer after a set of moves. */
export function movedPointer(
  pointer: LivePointer,
  action: 'promote' | 'rollback',
  choices: readonly Choice[],
): PointerContent {
  const live = { ...pointer.live };
  const past = { ...pointer.past };
  for (const { name, live: from, next: to } of choices) {
    const { before, retired } = pastOf(pointer, name);
    const left =
      action === 'rollback'
        ? before.slice(0, -1)
        : [...before.filter((one) => one !== to.number), from.number];
    live[name] = to.number;
    past[name] = {
      last: { action, epoch: pointer.epoch + 1, from: from.number },
      before: left.slice(-mostBefore),
      retired,
    };
  }
  return { live, past };
}

/** The pointer after a generation was given up for good. */
export function retiredPointer(pointer: LivePointer, name: string, number: number): PointerContent {
  const { retired, ...past } = pastOf(pointer, name);
  return {
    live: pointer.live,
    past: { ...pointer.past, [name]: { ...past, retired: [...retired, number].slice(-mostRetired) } },
  };
}

/** What the pointer remembers of a projection. */
export function pastOf(pointer: LivePointer | undefined, name: string): PointerPast {
  return pointer?.past?.[name] ?? { before: [], retired: [] };
}
