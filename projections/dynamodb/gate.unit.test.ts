import { expect, test } from '@jest/globals';
import { Gate } from './gate.ts';

/** Calls that run until they are ended, in any way. */
function calls() {
  const running: { readonly name: number; readonly end: (error?: Error) => void }[] = [];
  const call = (name: number) => (throttled: () => void) =>
    new Promise<void>((resolve, reject) => {
      const end = (error?: Error): void => {
        if (error) throttled();
        if (error) reject(error);
        else resolve();
      };
      running.push({ name, end });
    });
  return { running, call };
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('so many calls run at once, the others in the order they came; throttled, half as many', async () => {
  const gate = new Gate(4);
  const { running, call } = calls();
  const all = Array.from({ length: 10 }, (_, name) => gate.pass(call(name)));
  const outcomes = Promise.allSettled(all);
  await settle();
  expect(running.map(({ name }) => name)).toEqual([0, 1, 2, 3]);
  running.shift()?.end(new Error('too much'));
  running.shift()?.end(new Error('too much'));
  await settle();
  expect(gate.width).toBe(2);
  expect(running.map(({ name }) => name)).toEqual([2, 3]);
  for (let name = 2; name < 10; name += 1) {
    running.shift()?.end();
    await settle();
  }
  const failed = (await outcomes).flatMap(({ status }, name) => (status === 'rejected' ? [name] : []));
  expect(failed).toEqual([0, 1]);
  expect(running).toEqual([]);
});

test('an error that is no throttling slows nothing', async () => {
  const gate = new Gate(8);
  const failing = gate.pass(() => Promise.reject(new Error('a condition')));
  await expect(failing).rejects.toThrow('a condition');
  expect(gate.width).toBe(8);
});

test('a call that was throttled and then went well slows the others, and does not ease', async () => {
  const gate = new Gate(8);
  const tried = async (throttled: () => void): Promise<string> => {
    throttled();
    throttled();
    return 'done';
  };
  expect(await gate.pass(tried)).toBe('done');
  expect(gate.width).toBe(4);
  for (let call = 0; call < 4; call += 1) await gate.pass(async () => undefined);
  expect(gate.width).toBe(4);
  for (let call = 0; call < 40; call += 1) await gate.pass(async () => undefined);
  expect(gate.width).toBe(8);
});
