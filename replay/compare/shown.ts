import { canonicalJson, type JsonValue } from 'banyan/runtime';

/** Characters of a value in a report. */
const most = 2000;

/** The value, or when it is large the beginning of its JSON: a report stays small whatever a document holds. */
export function shown(value: JsonValue): JsonValue {
  const text = canonicalJson(value);
  return text.length <= most ? value : `${text.slice(0, most)}…`;
}
