import { expect, test } from '@jest/globals';
import { BanyanError, createLogger } from 'banyan/runtime';
import { readableLogLine } from './log-lines.ts';

/** What the real logger writes, made readable, without the time. */
function readable(log: (logger: ReturnType<typeof createLogger>) => void, width?: number): string {
  let text = '';
  log(createLogger({ level: 'debug', write: (line) => (text += readableLogLine(line, width)) }));
  return text.replace(/^\d\d:\d\d:\d\d /, '');
}

test('a line tells how grave, what, and of what', () => {
  expect(readable((logger) => logger.child({ source: 'shop' }).warn({ afterMs: 250 }, 'lost'))).toBe(
    'warn   lost (source shop, afterMs 250)\n',
  );
});

test('an error is told with its code, and once', () => {
  const error = new BanyanError('PROJECTION_FAILED', 'Projection card stopped.', {
    cause: new BanyanError('X', 'card stopped'),
  });
  expect(readable((logger) => logger.error({ err: error }, error.message))).toBe(
    'ERROR  PROJECTION_FAILED: Projection card stopped.\n',
  );
  const full = new BanyanError('LOG_FULL', 'No room.');
  expect(readable((logger) => logger.error({ err: full, position: 3 }, 'stopped'))).toBe(
    'ERROR  stopped (position 3): LOG_FULL: No room.\n',
  );
});

test('where somebody threw by mistake is told', () => {
  const error = new BanyanError('PROJECTION_FAILED', 'It threw.', {
    cause: new TypeError('x is not a function'),
  });
  expect(readable((logger) => logger.error({ err: error }, error.message))).toMatch(
    /^ERROR {2}PROJECTION_FAILED: It threw\.\n {16}caused by TypeError: x is not a function\n {16}at .*log-lines\.unit\.test\.ts:\d+:\d+\)?\n/,
  );
});

test('a long line is broken between words, and indented', () => {
  expect(readable((logger) => logger.warn('one two three four five'), 37)).toBe(
    `warn   one two three four\n${' '.repeat(16)}five\n`,
  );
});

test('a secret is not told, and what is no line of the log is left as it is', () => {
  expect(readable((logger) => logger.warn({ password: 'sesame' }, 'x'))).not.toContain('sesame');
  expect(readableLogLine('Warning: something\n')).toBe('Warning: something\n');
});
