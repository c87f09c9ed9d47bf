import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { describeWith, emulator, endpointOf } from '../aws/emulators.ts';
import { startFunction, type LambdaFunction } from './lambda-function.ts';

const client = await emulator('lambda-ric');

/** Tells its process, and how many invocations are in it at once; hangs when it is told to. */
const code = `let inside = 0;
export const handler = async (event) => {
  const most = ++inside;
  await new Promise((resolve) => (event.hang ? setInterval(() => {}, 1000) : setTimeout(resolve, 20)));
  inside -= 1;
  return { pid: process.pid, most };
};`;

interface Told {
  readonly pid: number;
  readonly most: number;
}

describeWith([client], 'a function with one environment at a time', () => {
  let directory = '';
  let lambda: LambdaFunction;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'banyan-function-'));
    await writeFile(join(directory, 'index.mjs'), code);
    lambda = await startFunction({ runtimeClient: endpointOf(client), directory });
  });
  afterEach(async () => {
    await lambda.close();
    await rm(directory, { recursive: true, force: true });
  });

  async function told(): Promise<Told> {
    const invoked = await lambda.invoke({});
    if (invoked.kind !== 'response') throw new Error(JSON.stringify(invoked));
    return invoked.response as Told;
  }

  /** An invocation of a warm process begins without waiting; one that was to begin would get another process. */
  function hasBegun(): Promise<void> {
    return new Promise((resolve) => setImmediate(resolve));
  }

  test('is invoked again only when it has answered', async () => {
    const [one, two, three] = await Promise.all([told(), told(), told()]);
    expect([one.most, two.most, three.most]).toEqual([1, 1, 1]);
    expect([two.pid, three.pid]).toEqual([one.pid, one.pid]);
    expect(lambda.lastMs).toBeGreaterThan(0);
  });

  test('is another process after it was killed, in an invocation or between two', async () => {
    const first = await told();
    lambda.kill();
    const second = await told();
    const hanging = lambda.invoke({ hang: true });
    const behind = told();
    await hasBegun();
    lambda.kill();
    expect(await hanging).toEqual({ kind: 'died', by: 'SIGKILL' });
    const third = await behind;
    expect(new Set([first.pid, second.pid, third.pid]).size).toBe(3);
  });

  test('ends in mid-invocation when it is closed, and begins no more', async () => {
    const [hanging, behind] = [lambda.invoke({ hang: true }), lambda.invoke({})];
    behind.catch(() => undefined);
    await hasBegun();
    await lambda.close();
    expect(await hanging).toEqual({ kind: 'died', by: 'SIGKILL' });
    await expect(behind).rejects.toThrow('The function was removed.');
  });
});
