import type { JsonValue } from 'banyan/runtime';

/**
 * Reads the text of a Postgres array of any dimension into nested JSON arrays. Lower bounds other than 1
 * (`[0:1]={a,b}`) are dropped.
 * Source: the manual, "Arrays", section "Array Input and Output Syntax".
 */
export function parseArray(
  text: string,
  delimiter: string,
  convert: (element: string) => JsonValue,
): JsonValue[] {
  let at = text.startsWith('[') ? text.indexOf('=') + 1 : 0;
  return braces();

  function braces(): JsonValue[] {
    const elements: JsonValue[] = [];
    at += 1;
    while (text[at] !== '}') {
      if (at >= text.length)
        throw new Error(`An array's text ends too early: ${String(text.length)} characters.`);
      if (text[at] === delimiter) at += 1;
      else if (text[at] === '{') elements.push(braces());
      else if (text[at] === '"') elements.push(convert(quoted()));
      else elements.push(bare());
    }
    at += 1;
    return elements;
  }

  function quoted(): string {
    let value = '';
    let from = (at += 1);
    while (at < text.length && text[at] !== '"') {
      if (text[at] === '\\') {
        value += text.slice(from, at);
        from = at += 1;
      }
      at += 1;
    }
    value += text.slice(from, at);
    at += 1;
    return value;
  }

  function bare(): JsonValue {
    const from = at;
    while (at < text.length && text[at] !== delimiter && text[at] !== '}') at += 1;
    const value = text.slice(from, at);
    return value === 'NULL' ? null : convert(value);
  }
}
