/** 2000-01-01T00:00:00Z, where Postgres counts from, in milliseconds since 1970. */
const epochMs = 946_684_800_000n;

/** ISO 8601 in UTC with microseconds, of Postgres's microseconds since 2000-01-01; exact. */
export function isoOfPostgresTime(microseconds: bigint): string {
  let milliseconds = microseconds / 1000n;
  let rest = microseconds % 1000n;
  if (rest < 0n) {
    rest += 1000n;
    milliseconds -= 1n;
  }
  const iso = new Date(Number(milliseconds + epochMs)).toISOString();
  return `${iso.slice(0, -1)}${String(rest).padStart(3, '0')}Z`;
}

/** Postgres's microseconds since 2000-01-01, of milliseconds since 1970. */
export function postgresTimeOf(milliseconds: number): bigint {
  return (BigInt(Math.trunc(milliseconds)) - epochMs) * 1000n;
}
