import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { LivePointer, ViewStore } from 'banyan/projections';
import { isBanyanError } from 'banyan/runtime';
import { readHistory } from '../history/history.ts';
import { createEnvironment, type Environment } from '../testing/environment.ts';
import { createOperator, Killed } from '../testing/operators.ts';
import { followStates } from './follow-states.ts';
import type { PromoteOptions } from './options.ts';
import { promote } from './promote.ts';
import { retire } from './retire.ts';
import { rollback } from './rollback.ts';
import { finishMoves, unfinishedMoves } from './unfinished.ts';

const names = ['one', 'two'];

/** One thing that an operator does, and behind which call of the store the process dies. */
const deed = fc.record({
  what: fc.constantFrom(
    'promote' as const,
    'promote' as const,
    'rollback' as const,
    'retire' as const,
    'build' as const,
  ),
  on: fc.constantFrom(['one'], ['two'], names, names),
  /** The generation to retire, or to promote by its number: the nth of those that are there. */
  nth: fc.option(fc.nat(5), { nil: undefined }),
  dies: fc.oneof(fc.constant(Infinity), fc.integer({ min: 1, max: 25 })),
});
type Deed = typeof deed extends fc.Arbitrary<infer T> ? T : never;

/** Two at once, a call of the store at a time, in the order of `turns`. */
const round = fc.record({
  deeds: fc.array(deed, { minLength: 1, maxLength: 2 }),
  turns: fc.array(fc.nat(1), { maxLength: 60 }),
});

const expectedRefusals = /^REPLAY_(NOTHING|UNKNOWN|RETIRED|LIVE|CONFLICT)$/;

/** A deed under way; it ends in success, a refusal or death. */
function doing(env: Environment, { what, on, nth, dies }: Deed) {
  return createOperator(env.store, dies, async (store) => {
    try {
      await run(store);
    } catch (error) {
      if (error instanceof Killed || (isBanyanError(error) && expectedRefusals.test(error.code))) return;
      throw error;
    }
  });

  async function run(store: ViewStore): Promise<unknown> {
    const { directory, group } = env;
    const options: PromoteOptions = {
      store,
      directory,
      group,
      projections: on,
      who: 'ann@shop',
      force: true,
      why: 'tried',
      timeoutMs: 0,
      heads: async () => 0,
    };
    const [projection = 'one'] = on;
    const generation = nth ?? 0;
    if (what === 'rollback') return rollback(options);
    if (what === 'retire')
      return retire({ store, directory, group, projection, generation, allProjections: names });
    if (what === 'promote') {
      return promote(nth === undefined ? options : { ...options, generations: { [projection]: generation } });
    }
    for (const name of on) await env.build(name);
    return undefined;
  }
}

/** What the pointer must be, by the moves seen so far. */
interface Model {
  pointer: LivePointer;
  /** Live generations of each projection, the present one last. */
  readonly trail: Map<string, number[]>;
}

/** Looks at the store behind each call of an operator. */
async function check(env: Environment, model: Model, { what, on }: Deed): Promise<void> {
  const now = await env.store.pointer(env.group);
  if (!now || now.epoch === model.pointer.epoch) return;
  expect(now.epoch).toBe(model.pointer.epoch + 1);
  const moved = names.filter((name) => now.live[name] !== model.pointer.live[name]);
  // A set moves whole, or nothing of it; retiring only claims.
  expect(moved).toEqual(what === 'retire' ? [] : on);
  for (const name of moved) {
    const trail = model.trail.get(name) ?? [];
    const live = now.live[name] ?? 0;
    if (what === 'rollback') expect([trail.pop(), trail.at(-1)]).toEqual([model.pointer.live[name], live]);
    else trail.splice(0, trail.length, ...trail.filter((one) => one !== live), live);
    expect(now.past?.[name]?.retired ?? []).not.toContain(live);
  }
  model.pointer = now;
}

/** Whatever the pointer names is there. */
async function checkStorage({ store, group }: Environment): Promise<void> {
  for (const [projection, number] of Object.entries((await store.pointer(group))?.live ?? {})) {
    await store.count({ projection, number });
  }
}

async function play(
  env: Environment,
  model: Model,
  { deeds, turns }: { deeds: Deed[]; turns: number[] },
): Promise<void> {
  const operators = deeds.map((one) => ({ deed: one, operator: doing(env, one) }));
  const left = [...turns];
  for (;;) {
    const working = [];
    for (const one of operators) if ((await one.operator.settled()) === 'waiting') working.push(one);
    const turn = working[(left.shift() ?? 0) % working.length];
    if (!turn) return;
    turn.operator.step();
    await turn.operator.settled();
    await check(env, model, turn.deed);
    await checkStorage(env);
  }
}

test('whatever two operators do at once, and wherever they are killed, the pointer is whole and the trail tells all', async () => {
  const playing = fc.asyncProperty(fc.array(round, { minLength: 1, maxLength: 12 }), async (rounds) => {
    const env = await createEnvironment(names);
    try {
      for (const name of names) await env.build(name);
      const pointer = { epoch: 1, live: { one: 1, two: 1 } };
      const model: Model = { pointer, trail: new Map(names.map((name) => [name, [1]])) };
      for (const one of rounds) await play(env, model, one);
      await finishMoves(env, await unfinishedMoves(env, model.pointer));
      await followStates(env.store, env.group);
      await checkEnd(env, model);
    } finally {
      await env.close();
    }
  });
  await fc.assert(playing, { numRuns: process.env['BANYAN_LONG'] ? 1500 : 100 });
});

async function checkEnd({ store, directory, group }: Environment, { pointer }: Model): Promise<void> {
  for (const name of names) {
    const live = (await store.generations(name)).filter(({ state }) => state.kind === 'live');
    expect(live.map(({ number }) => number)).toEqual([pointer.live[name]]);
  }
  const told = (await readHistory(directory, { group })).filter(({ action }) => action !== 'retire');
  const epochs = told.map(({ epoch }) => epoch);
  expect(new Set(epochs).size).toBe(epochs.length);
  // Replayed in order of their epochs, the lines lead from the first generations to the present ones.
  const live: Record<string, number> = { one: 1, two: 1 };
  for (const { projections } of [...told].sort((one, other) => (one.epoch ?? 0) - (other.epoch ?? 0))) {
    for (const { name, from, to } of projections) {
      expect(from).toBe(live[name]);
      live[name] = to ?? 0;
    }
  }
  expect(live).toEqual(pointer.live);
}
