#!/usr/bin/env node
import { leanHeap } from './lean-heap.ts';
import { nodeTooOld } from './node-version.ts';

// Before anything else is loaded: an old Node would stumble over what it does not know, somewhere and oddly.
const refusal = nodeTooOld(process.versions.node);
if (refusal === undefined) {
  // What runs for days, and copies tables, keeps its memory small.
  if (['dev', 'run'].includes(String(process.argv[2]))) leanHeap();
  await main();
} else {
  process.stderr.write(`${refusal}\n`);
  process.exitCode = 1;
}

async function main(): Promise<void> {
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
  // Who reads us has read enough (`banyan log cat shop | head`): that ends it, and is no failure.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(0);
  });
  process.exitCode = await runCommand(process.argv.slice(2), {
    terminal: processTerminal(),
    cwd: process.cwd(),
    signal: stop.signal,
  });
}
