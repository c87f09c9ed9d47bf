import { expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { nodeTooOld, oldestNode } from './node-version.ts';

test.each(['22.12.0', '22.21.1', '23.0.0', '24.1.0', '100.0.0'])('Node %s will do', (version) => {
  expect(nodeTooOld(version)).toBeUndefined();
});

test.each(['22.11.9', '20.20.2', '18.0.0', '9.11.2'])('Node %s is too old, in one line', (version) => {
  expect(nodeTooOld(version)).toMatch(new RegExp(`^error NODE_TOO_OLD: .*${version}.*22\\.12.*Install.*$`));
});

test('the package asks npm for the same', () => {
  const { engines } = JSON.parse(readFileSync('package.json', 'utf8')) as { engines: { node: string } };
  expect(engines.node).toBe(`>=${oldestNode}`);
});
