import { describe, expect, test } from '@jest/globals';
import { failureOf } from './failure.ts';
import { verdict } from './result.ts';
import { childTrace } from './trace.ts';

function fetchFailed(cause: Error): TypeError {
  return new TypeError('fetch failed', { cause });
}
function coded(code: string, more: object = {}): Error {
  return Object.assign(new Error(code), { code, ...more });
}

describe('what a status line says', () => {
  test.each([
    [200, 'accepted'],
    [201, 'accepted'],
    [204, 'accepted'],
    [301, 'redirected'],
    [302, 'redirected'],
    [303, 'redirected'],
    [307, 'failed'],
    [308, 'failed'],
    [400, 'refused'],
    [404, 'refused'],
    [429, 'refused'],
    [500, 'failed'],
    [502, 'proxyFailed'],
    [503, 'failed'],
    [504, 'proxyFailed'],
  ])('%i: %s', (status, said) => {
    expect(verdict(status)).toBe(said);
  });
});

describe('what a failed request means', () => {
  test.each(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'UND_ERR_CONNECT_TIMEOUT'])(
    '%s comes before a byte is sent',
    (code) => {
      const result = failureOf(fetchFailed(coded(code)), 'unseen', false);
      expect(result).toEqual({ kind: 'notSent', reason: 'unreachable', code });
    },
  );

  test.each([
    'ECONNRESET',
    'EPIPE',
    'UND_ERR_SOCKET',
    'UND_ERR_HEADERS_TIMEOUT',
    'UND_ERR_BODY_TIMEOUT',
    'ODD',
  ])('after %s the write may have happened', (code) => {
    const result = failureOf(fetchFailed(coded(code)), 'unseen', false);
    expect(result).toEqual({ kind: 'unknown', reason: 'connectionLost' });
  });

  test('a time-out of connecting is told from one of reading', () => {
    const connecting = fetchFailed(coded('ETIMEDOUT', { syscall: 'connect' }));
    const reading = fetchFailed(coded('ETIMEDOUT', { syscall: 'read' }));
    expect(failureOf(connecting, 'unseen', false).kind).toBe('notSent');
    expect(failureOf(reading, 'unseen', false).kind).toBe('unknown');
  });

  test('of several addresses tried, every one must have failed before sending', () => {
    const both = (one: string, other: string) =>
      failureOf(fetchFailed(new AggregateError([coded(one), coded(other)])), 'unseen', false).kind;
    expect(both('ECONNREFUSED', 'EHOSTUNREACH')).toBe('notSent');
    expect(both('ECONNREFUSED', 'ECONNRESET')).toBe('unknown');
  });

  test('what undici told of the sending decides over any code', () => {
    const reset = fetchFailed(coded('ECONNRESET'));
    const refused = fetchFailed(coded('ECONNREFUSED'));
    expect(failureOf(reset, 'waiting', false).kind).toBe('notSent');
    expect(failureOf(refused, 'sent', false).kind).toBe('unknown');
  });

  test('our own time-out is named', () => {
    const aborted = new DOMException('aborted', 'AbortError');
    expect(failureOf(aborted, 'sent', true)).toEqual({ kind: 'unknown', reason: 'timeout' });
    expect(failureOf(aborted, 'waiting', true)).toEqual({ kind: 'notSent', reason: 'unreachable' });
    expect(failureOf(aborted, 'unseen', true)).toEqual({ kind: 'unknown', reason: 'timeout' });
  });
});

describe('trace', () => {
  const parent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00';
  test('a child keeps trace and flags and has a span of its own', () => {
    const child = childTrace(parent);
    expect(child).toMatch(/^00-0af7651916cd43dd8448eb211c80319c-[0-9a-f]{16}-00$/);
    expect(child).not.toBe(parent);
  });
  test.each([undefined, '', 'x', `00-${'0'.repeat(32)}-b7ad6b7169203331-01`, `${parent}-more`])(
    'a new trace begins instead of %p',
    (given) => {
      expect(childTrace(given)).toMatch(/^00-(?!0{32}|0af76519)[0-9a-f]{32}-[0-9a-f]{16}-01$/);
    },
  );
});
