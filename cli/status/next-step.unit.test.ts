import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { GenerationState } from 'banyan/projections';
import { nodeFileSystem } from 'banyan/runtime';
import { takeLock } from '../../replay/rebuild/lock.ts';
import { createEnvironment, type Environment } from '../../replay/testing/environment.ts';
import { abandoned, nextStepsText, unbuilt, type NextStep } from './next-step.ts';

let environment: Environment;
beforeEach(async () => {
  environment = await createEnvironment([]);
});
afterEach(() => environment.close());

const stepOf = (state: GenerationState): Promise<NextStep | undefined> =>
  abandoned({ projection: 'order', number: 2, state }, environment.directory);

test.each(['building', 'opening'] as const)(
  'one that is %s is to be gone on with, unless somebody does that',
  async (kind) => {
    expect(await stepOf({ kind })).toMatchObject({
      why: expect.stringContaining(`Generation 2 of view order is ${kind}, and nobody goes on with it`),
      next: 'banyan replay start order',
    });
    const lock = await takeLock(nodeFileSystem, environment.directory, 'order');
    expect(await stepOf({ kind })).toBeUndefined();
    await lock.release();
    expect(await stepOf({ kind })).toBeDefined();
  },
);

test.each<GenerationState>([
  { kind: 'ready' },
  { kind: 'live' },
  { kind: 'failed', why: 'a test' },
  { kind: 'retired', at: '2026-01-01T00:00:00.000Z' },
])('nothing is to be gone on with of one that is $kind', async (state) => {
  expect(await stepOf(state)).toBeUndefined();
});

test('a view that was never built is built by banyan dev, or by a replay where functions feed it', () => {
  expect(nextStepsText([unbuilt('order', true), unbuilt('order', false)])).toBe(
    'View order is not built yet; next: banyan dev\nView order is not built yet; next: banyan replay start order\n',
  );
});
