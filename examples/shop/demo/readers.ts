import type { Client } from './client.ts';

/** Readers who ask for the same order again and again. */
export interface Readers {
  /** What they saw so far. */
  readonly seen: Seen;
  /** Resolves when each has read again at least once since it was called. */
  again(): Promise<void>;
  /** Ends them. */
  stop(): Promise<Seen>;
}

/** What readers saw. */
export interface Seen {
  reads: number;
  /** Answers other than 200, or with a total that no version makes. */
  readonly failed: string[];
}

/** @param totals what either version makes of the order */
export function startReaders(
  orders: Client,
  orderId: string,
  totals: readonly string[],
  count = 20,
): Readers {
  const seen: Seen = { reads: 0, failed: [] };
  const rounds = Array.from({ length: count }, () => 0);
  let stopping = false;
  const read = async (reader: number): Promise<void> => {
    let session = '';
    while (!stopping) {
      const answer = await orders.get<{ total: string }>(
        `/orders/${orderId}`,
        session === '' ? {} : { 'banyan-session': session },
      );
      session = answer.session ?? session;
      seen.reads += 1;
      rounds[reader] = (rounds[reader] ?? 0) + 1;
      if (answer.status !== 200 || !totals.includes(answer.data.total))
        seen.failed.push(JSON.stringify(answer));
    }
  };
  const reading = Promise.all(rounds.map((_, reader) => read(reader)));
  reading.catch((error: unknown) => seen.failed.push(String(error)));
  return {
    seen,
    again: async () => {
      const before = [...rounds];
      while (!stopping && rounds.some((round, reader) => round <= (before[reader] ?? 0) + 1))
        await new Promise((resolve) => setTimeout(resolve, 10));
    },
    stop: async () => {
      stopping = true;
      await reading.catch(() => undefined);
      return seen;
    },
  };
}
