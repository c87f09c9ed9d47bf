/**
 * About how many bytes a value takes as JSON: cheap to tell, exact enough to cut a large transaction into lines.
 * Text counts a byte a character.
 */
export function approximateBytes(value: unknown): number {
  if (typeof value === 'string') return value.length + 3;
  if (typeof value !== 'object' || value === null) return 8;
  let bytes = 2;
  if (Array.isArray(value)) {
    for (const item of value) bytes += approximateBytes(item);
    return bytes;
  }
  for (const [name, inner] of Object.entries(value)) bytes += name.length + 4 + approximateBytes(inner);
  return bytes;
}
