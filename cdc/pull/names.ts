/** Words that cannot name a constant, and the names that the generated file imports. */
const taken = new Set(
  (
    'break case catch class const continue debugger default delete do else enum export extends false finally for ' +
    'function if implements import in instanceof interface let new null package private protected public return ' +
    'static super switch this throw true try typeof var void while with yield await col table tables'
  ).split(' '),
);

const identifier = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u;

/** A constant's name made of any text: `my-shop` is `myShop`. */
export function constantName(text: string): string {
  const name = camelCase(text.split(/[^\p{ID_Continue}$]+/u));
  const started = identifier.test(name) ? name : `_${name}`;
  return taken.has(started) ? `${started}Tables` : started;
}

/** A property's name, quoted where the language or Prettier wants it so. */
export function propertyName(text: string): string {
  // As a plain property, quoted or not, it would set the object's prototype.
  if (text === '__proto__') return `['__proto__']`;
  return /^[A-Za-z$_][\w$]*$/.test(text) ? text : quote(text);
}

/** A text as a literal, in the quotes that Prettier prefers. */
export function quote(text: string): string {
  const json = JSON.stringify(text);
  const doubles = text.split('"').length;
  const singles = text.split("'").length;
  if (singles > doubles) return json;
  return `'${json.slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`;
}

/**
 * Short names for tables: the table's own name, unless another schema has one of the same; then the one of `public`
 * keeps it and the others are `crmOrders`. In the order given.
 */
export function shortNames(tables: readonly { readonly schema: string; readonly name: string }[]): string[] {
  const used = new Set<string>();
  const plain = tables.map(({ schema, name }) => {
    const rivals = tables.filter((other) => other.name === name);
    return rivals.length === 1 || schema === 'public' ? name : undefined;
  });
  for (const name of plain) if (name !== undefined) used.add(name);
  return tables.map(({ schema, name }, index) => plain[index] ?? unused(camelCase([schema, name]), used));
}

function unused(wanted: string, used: Set<string>): string {
  let name = wanted;
  for (let number = 2; used.has(name); number += 1) name = `${wanted}${String(number)}`;
  used.add(name);
  return name;
}

function camelCase(parts: readonly string[]): string {
  const [first = '', ...rest] = parts.filter((part) => part !== '');
  return (
    first.slice(0, 1).toLowerCase() +
    first.slice(1) +
    rest.map((part) => part.slice(0, 1).toUpperCase() + part.slice(1)).join('')
  );
}
