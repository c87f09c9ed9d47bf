import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Document } from 'banyan/projections';
import { canonicalJson, type JsonValue } from 'banyan/runtime';
import { diffDocuments, fieldPaths } from './differences.ts';

const name = fc.constantFrom('a', 'b', 'lines', 'unitPrice', 'odd name', '__proto__', '', 'x.y', 'é', '2');
const value: fc.Arbitrary<JsonValue> = fc.letrec<{ value: JsonValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    fc.constantFrom(null, true, 0, -0, 1, '1', '', 'text'),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.array(fc.tuple(name, tie('value')), { maxLength: 4 }).map((fields) => objectOf(fields)),
  ),
})).value;
const document = fc.array(fc.tuple(name, value), { maxLength: 5 }).map((fields) => objectOf(fields));

/** As JSON.parse makes it: `__proto__` is a name as any other. */
function objectOf(fields: readonly (readonly [string, JsonValue])[]): Document {
  const members = new Map(
    fields.map(([of, inner]) => [of, `${JSON.stringify(of)}:${JSON.stringify(inner)}`]),
  );
  return JSON.parse(`{${[...members.values()].join(',')}}`) as Document;
}

const runs = { numRuns: process.env['BANYAN_LONG'] ? 20_000 : 500 };

/** Every value in a document by its place, with the indexes of arrays. */
function places(of: JsonValue, at: readonly (string | number)[] = []): Map<string, JsonValue> {
  const found = new Map([[JSON.stringify(at), of]]);
  if (typeof of !== 'object' || of === null) return found;
  const inner = Array.isArray(of) ? [...of.entries()] : Object.entries(of);
  for (const [step, one] of inner)
    for (const [path, below] of places(one as JsonValue, [...at, step])) found.set(path, below);
  return found;
}

const typeOf = (one: JsonValue): string =>
  Array.isArray(one) ? 'array' : one === null ? 'null' : typeof one;
const isContainer = (one: JsonValue): boolean => typeof one === 'object' && one !== null;

/** A comparison with no regard to time: each place by itself. */
function naivePaths(before: Document, after: Document): Set<string> {
  const [one, other] = [places(before), places(after)];
  const paths = new Set<string>();
  for (const path of new Set([...one.keys(), ...other.keys()])) {
    const [left, right] = [one.get(path), other.get(path)];
    const steps = JSON.parse(path) as (string | number)[];
    const parent = JSON.stringify(steps.slice(0, -1));
    const parents = [one.get(parent), other.get(parent)].map((above) =>
      above === undefined ? 'none' : typeOf(above),
    );
    const differs =
      left !== undefined && right !== undefined
        ? typeOf(left) !== typeOf(right) ||
          (!isContainer(left) && canonicalJson(left) !== canonicalJson(right))
        : parents[0] === parents[1];
    if (differs) paths.add(textOf(steps));
  }
  return paths;
}

function textOf(steps: readonly (string | number)[]): string {
  return steps.reduce<string>((path, step) => {
    if (typeof step === 'number') return `${path}[]`;
    if (/^[\p{L}\p{N}_$-]+$/u.test(step)) return path === '' ? step : `${path}.${step}`;
    return `${path}[${JSON.stringify(step)}]`;
  }, '');
}

test('two documents differ exactly when their canonical JSON does', () => {
  fc.assert(
    fc.property(document, document, (before, after) => {
      const differs = [...diffDocuments(before, after)].length > 0;
      expect(differs).toBe(canonicalJson(before) !== canonicalJson(after));
      expect([...diffDocuments(before, before)]).toEqual([]);
    }),
    runs,
  );
});

test('the paths are those of a naive comparison of every place', () => {
  fc.assert(
    fc.property(document, document, (before, after) => {
      expect(new Set(fieldPaths(before, after).keys())).toEqual(naivePaths(before, after));
    }),
    runs,
  );
});

test('an order with another price in one line differs in the price of its lines', () => {
  const order = (unitPrice: string, more: object[] = []): Document => ({
    total: '10.00',
    lines: [{ sku: 'a', unitPrice: '1' }, { sku: 'b', unitPrice }, ...(more as Document[])],
  });
  expect([...diffDocuments(order('2'), order('3'))]).toEqual([
    { path: 'lines[].unitPrice', before: '2', after: '3' },
  ]);
  expect([...diffDocuments(order('2'), order('2', [{ sku: 'c' }]))]).toEqual([
    { path: 'lines[]', after: { sku: 'c' } },
  ]);
});
