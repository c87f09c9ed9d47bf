import { expect, test } from '@jest/globals';
import { BanyanError } from '../errors.ts';
import { lambdaLogger, type LambdaLoggerOptions } from './lambda-logger.ts';

function written(given: Partial<LambdaLoggerOptions> = {}) {
  const lines: Record<string, unknown>[] = [];
  const write = (line: string): void => void lines.push(JSON.parse(line) as Record<string, unknown>);
  return { lines, logger: lambdaLogger({ service: 'order-summary', group: 'orders', write, ...given }) };
}

test('a line has the service, the group, the attributes, fields and the message', () => {
  const { lines, logger } = written({ attributes: { environment: 'test' } });
  logger.info({ position: 12, eventId: 'shop:orders@1:12:0' }, 'an event was applied');
  logger.warn('no fields');
  expect(lines[0]).toMatchObject({
    level: 'INFO',
    message: 'an event was applied',
    service: 'order-summary',
    group: 'orders',
    environment: 'test',
    position: 12,
    eventId: 'shop:orders@1:12:0',
  });
  expect(lines[1]).toMatchObject({ level: 'WARN', message: 'no fields', group: 'orders' });
  expect(lines[1]).not.toHaveProperty('position');
});

test('a child has the fields of its parent and its own, and its parent has not', () => {
  const { lines, logger } = written();
  const child = logger.child({ requestId: 'r1' }).child({ key: 'o1' });
  child.error({ position: 3 }, 'at last');
  logger.info('beside');
  expect(lines[0]).toMatchObject({ group: 'orders', requestId: 'r1', key: 'o1', position: 3 });
  expect(lines[1]).not.toHaveProperty('requestId');
});

test('lines below the level are not written', () => {
  const { lines, logger } = written({ level: 'warn' });
  logger.debug('one');
  logger.info('two');
  logger.child({ key: 'a' }).info('three');
  logger.warn('four');
  expect(lines.map(({ message }) => message)).toEqual(['four']);
});

test('an error is told with its code, details and causes', () => {
  const { lines, logger } = written();
  const cause = new Error('the socket closed');
  const err = new BanyanError('VIEW_STORE_UNREACHABLE', 'it did not answer', {
    details: { table: 't' },
    cause,
  });
  logger.error({ err }, 'failed');
  expect(lines[0]?.['err']).toMatchObject({
    name: 'BanyanError',
    code: 'VIEW_STORE_UNREACHABLE',
    message: 'it did not answer',
    details: { table: 't' },
    cause: { message: 'the socket closed' },
  });
});

test('secrets are left out at every depth', () => {
  const { lines, logger } = written();
  logger.info({ password: 'p1', settings: { token: 't1', name: 'n', deep: { url: 'u1' } } }, 'settings');
  expect(lines[0]).toMatchObject({
    password: '[Redacted]',
    settings: { token: '[Redacted]', name: 'n', deep: { url: '[Redacted]' } },
  });
  expect(JSON.stringify(lines)).not.toMatch(/p1|t1|u1/);
});
