import { describe, expect, test } from '@jest/globals';
import { createMemoryViewStore } from 'banyan/projections';
import { withoutCommit } from '../../replay/testing/without-commit.ts';
import { checkConfig } from './config.ts';

const shape = { sources: { shop: { kind: 'postgres' } }, groups: [{ kind: 'group', name: 'orders' }] };

describe('the views of a configuration', () => {
  test('may be in a store that has no transactions of documents and cursors', () => {
    const views = withoutCommit(createMemoryViewStore());
    expect(checkConfig({ ...shape, views }, 'banyan.config.ts').views).toBe(views);
  });

  test('must be in a view store', () => {
    const wrong = { ...shape, views: { connectionString: 'postgres://127.0.0.1/views' } };
    expect(() => checkConfig(wrong, 'banyan.config.ts')).toThrow(/views\.writeMany/);
  });
});
