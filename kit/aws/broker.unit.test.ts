import { afterEach, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { startBroker, type Broker } from './broker.ts';
import { describeWith } from './emulators.ts';
import type { EmulatorName, StartedEmulator } from './start-emulator.ts';

let broker: Broker | undefined;
afterEach(async () => {
  await broker?.close();
  broker = undefined;
});

async function ask(name: string): Promise<readonly [status: number, body: unknown]> {
  const response = await fetch(`http://127.0.0.1:${String(broker?.port)}/${name}`);
  return [response.status, await response.json()];
}

/** Starts what it is asked for, and notes what happened. */
function fakeStarter() {
  const happened: string[] = [];
  const start = async (name: EmulatorName): Promise<StartedEmulator> => {
    happened.push(`start ${name}`);
    const close = async (): Promise<void> => void happened.push(`close ${name}`);
    return { kind: 'running', endpoint: `http://127.0.0.1/${name}`, close };
  };
  return { happened, start };
}

test('an emulator is started when the first asks, once, and closed with the broker', async () => {
  const { happened, start } = fakeStarter();
  broker = await startBroker(start);
  expect(happened).toEqual([]);
  const running = { kind: 'running', endpoint: 'http://127.0.0.1/dynamodb' };
  const asks = await Promise.all(['dynamodb', 'dynamodb', 'dynamodb'].map(ask));
  expect([...asks, await ask('dynamodb')]).toEqual(Array(4).fill([200, running]));
  expect(happened).toEqual(['start dynamodb']);
  await ask('elasticmq');
  await broker.close();
  expect(happened).toEqual(['start dynamodb', 'start elasticmq', 'close dynamodb', 'close elasticmq']);
});

test('one that is missing is told with its reason', async () => {
  broker = await startBroker(async () => ({
    ...{ kind: 'missing', why: 'java is not there', close: async () => undefined },
  }));
  expect(await ask('dynamodb')).toEqual([200, { kind: 'missing', why: 'java is not there' }]);
});

test('one that does not start is an error for everyone who asks', async () => {
  broker = await startBroker(() => Promise.reject(new Error('out of memory')));
  expect(await ask('dynamodb')).toEqual([500, 'Error: out of memory']);
  expect(await ask('dynamodb')).toEqual([500, 'Error: out of memory']);
});

test('an unknown name starts nothing', async () => {
  const { happened, start } = fakeStarter();
  broker = await startBroker(start);
  expect(await ask('toString')).toEqual([404, 'There is no emulator "toString".']);
  expect(happened).toEqual([]);
});

test('closing ends a start that is under way', async () => {
  const asked = new EventTarget();
  broker = await startBroker(async (_, signal = AbortSignal.abort()) => {
    asked.dispatchEvent(new Event('asked'));
    await once(signal, 'abort');
    throw new Error('ended');
  });
  const start = once(asked, 'asked');
  const answer = ask('ministack');
  await start;
  // Whoever asked is told, or finds the broker gone.
  await Promise.all([broker.close(), answer.catch(() => undefined)]);
});

test('in CI nothing may be left out', () => {
  const before = process.env['CI'];
  process.env['CI'] = 'true';
  try {
    const missing = { kind: 'missing', why: 'mvn is not there' } as const;
    expect(() => describeWith([missing], 'the store', () => undefined)).toThrow(
      'In CI nothing may be left out, but "the store" cannot run: mvn is not there',
    );
  } finally {
    if (before === undefined) delete process.env['CI'];
    else process.env['CI'] = before;
  }
});
