#!/usr/bin/env node
import { runCommand } from './program.ts';
import { processTerminal } from './terminal/output.ts';

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
