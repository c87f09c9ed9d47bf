import { setTimeout as wait } from 'node:timers/promises';
import type { Generation, ViewStore } from 'banyan/projections';
import { rebuild, type RebuildOptions } from 'banyan/replay';

/** How a run of a rebuild ends too early. */
export interface End {
  /** At which call of the store, counted from 1, or at the first of that name. */
  readonly call: number | 'changeTracking' | 'changeGeneration';
  /**
   * Killed before the call or behind it; or with its last write sent, which comes to the store when the next run is
   * at work; or told to end.
   */
  readonly how: 'before' | 'behind' | 'sent' | 'aborted';
}

class Killed extends Error {}

/** What goes on beside a rebuild: called before each of its calls of the store. */
type Meanwhile = () => Promise<void>;

/** Rebuilds, and ends it again and again, until it is through. */
export async function rebuiltAtLast(
  options: RebuildOptions,
  ends: readonly End[],
  random: () => number,
  meanwhile: Meanwhile,
): Promise<Generation> {
  const sent: (() => Promise<unknown>)[] = [];
  const before = async (): Promise<void> => {
    await meanwhile();
    // What it says, or that it fails, nobody hears.
    if (random() < 0.5)
      await sent
        .shift()?.()
        .catch(() => undefined);
  };
  for (const { call, how } of ends) {
    const ending = new AbortController();
    const kill = async (): Promise<never> => {
      // What is under way beside it goes on for a moment.
      await wait(random() * 10);
      throw new Killed();
    };
    const store = interrupted(options.store, async (at, name, done) => {
      await before();
      if (at !== call && name !== call) return done();
      if (how === 'aborted') ending.abort(new Killed());
      if (how === 'before') return kill();
      if (how === 'sent' && name === 'writeMany') return (sent.push(done), kill());
      const result = await done();
      return how === 'aborted' ? result : kill();
    });
    try {
      return (await rebuild({ ...options, store, signal: ending.signal })).generation;
    } catch (error) {
      if (!(error instanceof Killed)) throw error;
    }
  }
  const store = interrupted(options.store, async (_, __, done) => before().then(done));
  return (await rebuild({ ...options, store })).generation;
}

type Around = <Result>(call: number, name: string, done: () => Promise<Result>) => Promise<Result>;

/** The same store, with something around each call that reads or changes a generation. */
function interrupted(store: ViewStore, around: Around): ViewStore {
  let calls = 0;
  const at = <Result>(name: string, done: () => Promise<Result>): Promise<Result> => {
    calls += 1;
    return around(calls, name, done);
  };
  return {
    ...store,
    readMany: (...given) => at('readMany', () => store.readMany(...given)),
    writeMany: (...given) => at('writeMany', () => store.writeMany(...given)),
    changeTracking: (...given) => at('changeTracking', () => store.changeTracking(...given)),
    createGeneration: (...given) => at('createGeneration', () => store.createGeneration(...given)),
    changeGeneration: (...given) => at('changeGeneration', () => store.changeGeneration(...given)),
  };
}
