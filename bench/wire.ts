import type { Source } from 'banyan/cdc';

/** When each transaction was on the wire, as a bare reader of the source sees it. */
export interface WireTimes {
  /** Milliseconds since 1970 at which the transaction had arrived whole; waits for it. */
  of(xid: string): Promise<number>;
  close(): Promise<void>;
}

/** Reads a source and does nothing with it but note the time. */
export async function readWire(source: Source): Promise<WireTimes> {
  const stop = new AbortController();
  const stream = await source.open({ after: undefined, signal: stop.signal });
  const times = new Map<string, number>();
  const reading = (async () => {
    let xid = '';
    for await (const batch of stream.messages) {
      const at = performance.timeOrigin + performance.now();
      for (const message of batch) {
        if (message.kind === 'begin') xid = message.xid;
        else if (message.kind === 'commit') times.set(xid, at);
        if (message.kind === 'commit' || message.kind === 'idle') stream.acknowledge(message.cursor);
      }
    }
  })();
  reading.catch(() => undefined);
  return {
    of: async (xid) => {
      for (;;) {
        const at = times.get(xid);
        if (at !== undefined) return at;
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    },
    close: async () => {
      stop.abort();
      await stream.close();
      await reading.catch(() => undefined);
    },
  };
}
