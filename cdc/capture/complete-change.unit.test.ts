import { describe, expect, test } from '@jest/globals';
import type { TableSchema } from '../change.ts';
import type { TableShape } from '../source.ts';
import { completeChange, truncatedRow } from './complete-change.ts';

const schema: TableSchema = {
  table: 'public.t',
  version: 2,
  columns: ['id', 'name', 'essay'].map((name) => ({ name, type: 'text' })),
  key: ['id'],
};
const table: TableShape = schema;
const place = { table: 'public.t', schema: 2 };
const known = { id: '1', name: 'Ann', essay: 'long' };

describe('an update', () => {
  test('has the row before from row state, and what was not sent from the row before', () => {
    const after = { id: '1', name: 'Anna' };
    expect(completeChange({ op: 'update', table, after, unchanged: ['essay'] }, known, schema)).toEqual({
      ...place,
      op: 'update',
      before: known,
      after: { id: '1', name: 'Anna', essay: 'long' },
    });
  });

  test('of a row that row state does not know lists what is unknown, and says null of nothing', () => {
    const after = { id: '1', name: 'Anna' };
    expect(completeChange({ op: 'update', table, after, unchanged: ['essay'] }, undefined, schema)).toEqual({
      ...place,
      op: 'update',
      before: { id: '1' },
      after,
      unknownBefore: ['name', 'essay'],
      unknownAfter: ['essay'],
    });
  });

  test('of an unknown row whose key changed knows the old key', () => {
    const after = { id: '2', name: 'Ann', essay: null };
    expect(completeChange({ op: 'update', table, old: { id: '1' }, after }, undefined, schema)).toEqual({
      ...place,
      op: 'update',
      before: { id: '1' },
      after,
      unknownBefore: ['name', 'essay'],
    });
  });

  test('prefers a whole old row to what row state knows', () => {
    const old = { id: '1', name: 'Bea', essay: null };
    const after = { id: '1', name: 'Bea', essay: 'new' };
    expect(completeChange({ op: 'update', table, old, after }, known, schema)).toMatchObject({
      before: old,
      after,
    });
  });

  test('of a row from before a column was added does not know that column', () => {
    const before = { id: '1', name: 'Ann' };
    expect(completeChange({ op: 'update', table, after: known }, before, schema)).toEqual({
      ...place,
      op: 'update',
      before,
      after: known,
      unknownBefore: ['essay'],
    });
  });

  test('keeps a null apart from unknown', () => {
    const before = { id: '1', name: null, essay: null };
    const change = completeChange(
      { op: 'update', table, after: { id: '1', name: 'Ann' }, unchanged: ['essay'] },
      before,
      schema,
    );
    expect(change).toEqual({ ...place, op: 'update', before, after: { id: '1', name: 'Ann', essay: null } });
  });
});

describe('a delete', () => {
  test('has the row before', () => {
    expect(completeChange({ op: 'delete', table, old: { id: '1' } }, known, schema)).toEqual({
      ...place,
      op: 'delete',
      before: known,
    });
  });

  test('of an unknown row knows its key', () => {
    expect(completeChange({ op: 'delete', table, old: { id: '1' } }, undefined, schema)).toEqual({
      ...place,
      op: 'delete',
      before: { id: '1' },
      unknownBefore: ['name', 'essay'],
    });
  });

  test('by a truncate says so', () => {
    expect(truncatedRow({ id: '1', name: 'Ann' }, schema)).toEqual({
      ...place,
      op: 'delete',
      before: { id: '1', name: 'Ann' },
      truncated: true,
      unknownBefore: ['essay'],
    });
  });
});
