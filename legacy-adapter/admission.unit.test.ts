import { expect, test } from '@jest/globals';
import { admission } from './admission.ts';

function gate(): { readonly open: () => void; readonly opened: Promise<void> } {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { open, opened };
}

test('no more than the limit run at once, and the others follow in order', async () => {
  const admit = admission({ limit: 2, queue: 10 });
  const gates = Array.from({ length: 5 }, gate);
  const begun: number[] = [];
  const all = gates.map(({ opened }, at) =>
    admit(async () => {
      begun.push(at);
      await opened;
      return at;
    }),
  );
  await Promise.resolve();
  expect(begun).toEqual([0, 1]);
  for (const { open } of gates) open();
  expect(await Promise.all(all)).toEqual([0, 1, 2, 3, 4]);
  expect(begun).toEqual([0, 1, 2, 3, 4]);
});

test('behind a full queue nothing waits and nothing runs', async () => {
  const admit = admission({ limit: 1, queue: 1 });
  const { open, opened } = gate();
  const first = admit(() => opened);
  const second = admit(async () => 'second');
  let ran = false;
  expect(await admit(async () => void (ran = true))).toBe('queueFull');
  expect(ran).toBe(false);
  open();
  await first;
  expect(await second).toBe('second');
});

test('who has waited too long never runs, and those behind are not held up', async () => {
  const admit = admission({ limit: 1, queue: 10, queueTimeoutMs: 20 });
  const { open, opened } = gate();
  const first = admit(() => opened);
  let ran = 0;
  const late = [1, 2, 3].map(() => admit(async () => void (ran += 1)));
  expect(await Promise.all(late)).toEqual(['queueTimeout', 'queueTimeout', 'queueTimeout']);
  open();
  await first;
  expect(await admit(async () => 'next')).toBe('next');
  expect(ran).toBe(0);
});

test('what the work throws is thrown, and its place is free again', async () => {
  const admit = admission({ limit: 1, queue: 0 });
  await expect(admit(() => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
  expect(await admit(async () => 1)).toBe(1);
});
