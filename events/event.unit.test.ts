import { expect, test } from '@jest/globals';
import { z } from 'zod';
import { event } from './event.ts';

test.each(['A', 'Bestellung bezahlt 🌳', 'a'.repeat(128)])('%j is a type of event', (type) => {
  expect(event(type, z.object({}))({})).toEqual({ type, data: {} });
});

test.each(['', 'a'.repeat(129), 'a\ufffe', '\uffffa', 'a\ud800b'])('%j is none: no bus takes it', (type) => {
  expect(() => event(type, z.object({}))).toThrow(
    expect.objectContaining({
      code: 'EVENT_TYPE_INVALID',
      message: expect.stringContaining(`a type of ${String(type.length)} characters`),
      details: { type, limit: 128 },
    }),
  );
});
