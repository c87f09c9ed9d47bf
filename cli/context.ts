import type { Terminal } from './terminal/output.ts';

/** What a command runs with; passed in, so that a test can run one without a process. */
export interface CommandContext {
  readonly terminal: Terminal;
  readonly cwd: string;
  /** Aborts at Ctrl-C and at SIGTERM. */
  readonly signal: AbortSignal;
}
