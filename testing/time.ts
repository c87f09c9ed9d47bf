/** A made-up time for the n-th transaction or event of a test: a second apart, ISO 8601 with microseconds. */
export function placeInTime(n: number): string {
  return new Date(Date.UTC(2026, 0, 1) + n * 1000).toISOString().replace('Z', '000Z');
}
