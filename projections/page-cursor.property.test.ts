import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { decodeCursor, encodeCursor } from './page-cursor.ts';

const generation = fc.record({ projection: fc.string(), number: fc.integer({ min: 1 }) });
const scope = fc.oneof(
  fc.record({ generation }),
  fc.record({ generation, index: fc.string(), partition: fc.string({ unit: 'binary' }) }),
);
const place = fc.record({ sort: fc.string(), key: fc.string({ unit: 'binary' }) });

test('a cursor comes back in its own scope and can stand in a URL', () => {
  fc.assert(
    fc.property(scope, place, (of, at) => {
      const cursor = encodeCursor(of, at);
      expect(cursor).toMatch(/^[\w-]+$/);
      expect(decodeCursor(of, cursor)).toEqual(at);
    }),
  );
});

test('any other text, and a cursor of another scope, is refused', () => {
  const invalid = expect.objectContaining({ code: 'CURSOR_INVALID' });
  fc.assert(
    fc.property(scope, scope, place, fc.string(), (of, other, at, text) => {
      expect(() => decodeCursor(of, text)).toThrow(invalid);
      if (JSON.stringify(of) === JSON.stringify(other)) return;
      expect(() => decodeCursor(of, encodeCursor(other, at))).toThrow(invalid);
    }),
  );
});

test('the refusal says what is wrong and what to do', () => {
  const of = { generation: { projection: 'orders', number: 2 }, index: 'byCustomer', partition: 'c' };
  const old = encodeCursor(
    { ...of, generation: { projection: 'orders', number: 1 } },
    { sort: '', key: 'k' },
  );
  expect(() => decodeCursor(of, old)).toThrow(
    'The page cursor belongs to another generation; expected `next` of a page of index byCustomer of orders, ' +
      'generation 2. Begin again without a cursor.',
  );
});
