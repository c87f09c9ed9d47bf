import { describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { checkedData, translationFailed } from './check-event.ts';
import { event } from './event.ts';
import { decimal, timestamp } from './schemas.ts';

describe('schemas of exact values', () => {
  test.each(['0', '-3', '12.50', '123456789012345678901234567890.1'])('%s is a decimal', (text) => {
    expect(decimal().parse(text)).toBe(text);
  });
  test.each(['', '1e3', 'NaN', '1.', '.5', '+1', ' 1', '1,5'])('%j is no decimal', (text) => {
    expect(decimal().safeParse(text).success).toBe(false);
  });
  test.each(['2026-03-01T09:30:00.123456Z', '2026-03-01T09:30:00.123456', '2026-03-01T09:30:00Z'])(
    '%s is a timestamp',
    (text) => {
      expect(timestamp().parse(text)).toBe(text);
    },
  );
  test.each(['2026-03-01', '2026-03-01 09:30:00', 'infinity', '2026-03-01T09:30:00.1234567Z'])(
    '%s is no timestamp',
    (text) => {
      expect(timestamp().safeParse(text).success).toBe(false);
    },
  );
});

describe('an event that was made', () => {
  const Paid = event(
    'OrderPaid',
    z.object({ orderId: z.string(), lines: z.array(z.object({ sku: z.string() })) }),
  );
  const Loose = event('Loose', z.object({ at: z.any() }));
  const types = new Map([Paid, Loose].map((one) => [one.type, one]));
  const place = { log: 'shop:orders@1', position: 12 };
  const failure = (run: () => unknown): Error & { code?: string; details?: unknown } => {
    try {
      run();
    } catch (error) {
      return error as Error;
    }
    throw new Error('it did not throw');
  };

  test('is stored as its schema gives it: undeclared fields are left out', () => {
    const data = { orderId: '1', lines: [{ sku: 'tea', colour: 'red' }], secret: 1 };
    expect(checkedData(types, { type: 'OrderPaid', data }, place)).toEqual({
      orderId: '1',
      lines: [{ sku: 'tea' }],
    });
  });

  test('is refused with translation, position, type and paths, and without values', () => {
    const data = { orderId: 'hush', lines: [{ sku: 4711 }] };
    const error = failure(() => checkedData(types, { type: 'OrderPaid', data }, place));
    expect(error).toMatchObject({ code: 'TRANSLATION_FAILED', details: { ...place, type: 'OrderPaid' } });
    expect(error.message).toContain('shop:orders@1 at position 12');
    expect(error.message).toContain('lines.0.sku (invalid_type)');
    expect(JSON.stringify([error.message, error.details])).not.toMatch(/hush|4711/);
  });

  test('is refused when its type was not declared', () => {
    expect(failure(() => checkedData(types, { type: 'Lost', data: {} }, place)).message).toContain('"Lost"');
  });

  test.each([new Date(0), 1n, NaN, new Map(), [undefined], { deep: [Infinity] }])(
    'is refused when it holds what JSON cannot hold: %p',
    (at) => {
      expect(failure(() => checkedData(types, { type: 'Loose', data: { at } }, place)).message).toContain(
        'at',
      );
    },
  );

  test('keeps what the translation threw as the cause', () => {
    const cause = new TypeError('secret value 42');
    const error = translationFailed(cause, place);
    expect(error.cause).toBe(cause);
    expect(error.message).toContain('TypeError');
    expect(error.message).not.toContain('42');
    expect(translationFailed(error, place)).toBe(error);
  });
});
