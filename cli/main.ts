#!/usr/bin/env node
import { leanHeap } from './lean-heap.ts';

// Before anything else is loaded: what runs for days, and copies tables, keeps its memory small.
if (process.argv[2] === 'dev') leanHeap();

const { runCommand } = await import('./program.ts');
const { processTerminal } = await import('./terminal/output.ts');
const stop = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.once(name, () => {
    stop.abort();
    // A second one ends it at once.
    process.once(name, () => process.exit(130));
  });
}
process.exitCode = await runCommand(process.argv.slice(2), {
  terminal: processTerminal(),
  cwd: process.cwd(),
  signal: stop.signal,
});
