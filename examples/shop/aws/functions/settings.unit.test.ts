import { expect, test } from '@jest/globals';
import { functionSettings, onlyGeneration } from './settings.ts';

const given = {
  ...{ GROUP: 'orders', GENERATIONS: 'order-summary@2, customer-card@10' },
  ...{ VIEWS_PREFIX: 'shop', BANYAN_DIRECTORY: '/mnt/banyan', LAMBDA_TASK_ROOT: '/var/task' },
};

test('what is set is read', () => {
  expect(functionSettings(given)).toEqual({
    group: 'orders',
    generations: [
      { projection: 'order-summary', number: 2 },
      { projection: 'customer-card', number: 10 },
    ],
    viewsPrefix: 'shop',
    directory: '/mnt/banyan',
    taskRoot: '/var/task',
  });
});

test('endpoints and times may be set', () => {
  const more = { DYNAMODB_ENDPOINT: 'http://127.0.0.1:1', HEAL_AFTER_MS: '4000' };
  expect(functionSettings({ ...given, ...more })).toMatchObject({
    dynamodbEndpoint: 'http://127.0.0.1:1',
    healAfterMs: 4000,
  });
});

test('all that is missing is named at once, with what it is for', () => {
  const read = (): unknown => functionSettings({ DYNAMODB_ENDPOINT: '', GROUP: '' });
  expect(read).toThrow(/GROUP is not set \(the function group that owns the views, such as orders\)/);
  for (const name of Object.keys(given)) expect(read).toThrow(`${name} is not set`);
});

test.each([
  [
    'order-summary',
    'GENERATIONS has "order-summary" (expected a view and a number, such as order-summary@2)',
  ],
  ['order-summary@0', 'GENERATIONS has "order-summary@0"'],
  ['a@1,@2', 'GENERATIONS has "@2"'],
  [',', 'GENERATIONS has ""'],
])('generations %j are none', (GENERATIONS, message) => {
  expect(() => functionSettings({ ...given, GENERATIONS })).toThrow(message);
});

test('a time that is none is named', () => {
  expect(() => functionSettings({ ...given, HEAL_AFTER_MS: '4 s' })).toThrow('HEAL_AFTER_MS is "4 s"');
});

test('a projector serves one generation', () => {
  expect(onlyGeneration(functionSettings({ ...given, GENERATIONS: 'order-summary@2' }))).toEqual({
    projection: 'order-summary',
    number: 2,
  });
  expect(() => onlyGeneration(functionSettings(given))).toThrow(/names 2.*one generation/);
});
