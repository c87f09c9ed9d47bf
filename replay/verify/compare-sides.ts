import type { JsonObject } from 'banyan/runtime';
import { fieldPaths } from '../compare/differences.ts';
import { shown } from '../compare/shown.ts';
import type { Difference, Sides } from './verification.ts';

/** Fields of one document that are shown. */
const mostFields = 50;

/** How the sides differ; undefined when they do not. Only fields that the row tells are compared. Pure. */
export function compareSides({ key: name, document, told, parked }: Sides): Difference | undefined {
  const key = { key: name, ...(parked && { parked }) };
  if (!document && !told) return undefined;
  if (!told) return { ...key, kind: 'onlyInView' };
  if (!document) return { ...key, kind: 'onlyInDatabase', told: shown(told) };
  const paths = fieldPaths(toldFields(document, told), told);
  if (paths.size === 0) return undefined;
  const fields = [...paths.values()].slice(0, mostFields).map(({ path, before, after }) => ({
    path,
    ...(before !== undefined && { view: shown(before) }),
    ...(after !== undefined && { database: shown(after) }),
  }));
  return { ...key, kind: 'different', fields };
}

function toldFields(document: JsonObject, told: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(document).filter(([name]) => Object.hasOwn(told, name)));
}
