import { eventLogName } from 'banyan/events';
import { createLogger } from 'banyan/runtime';
import { loadConfig } from '../cli/config/load-config.ts';
import { startHost } from '../cli/dev/host.ts';

/*
 * Runs the project as `banyan dev` does, and tells the parent when each position came into the view. The parent knows
 * from the change log which transaction that was.
 */
const stop = new AbortController();
process.once('SIGTERM', () => stop.abort());
const loaded = await loadConfig({ file: process.argv[2] ?? '', cwd: process.cwd(), typeCheck: false });
const host = await startHost({ loaded, logger: createLogger({ level: 'error' }), signal: stop.signal });
const log = eventLogName({ source: 'bank', translation: 'movements', version: 1 });
let told = 0;
for (const projector of host.projectors()) {
  if (projector.status().projection !== 'account-balance') continue;
  projector.onProgress(({ progress }) => {
    const position = progress[log]?.position ?? 0;
    if (position === told) return;
    told = position;
    process.send?.({ position, at: performance.timeOrigin + performance.now() });
  });
}
process.send?.({ ready: true });
await host.ended.finally(() => host.close());
process.disconnect();
