import { pino, type Logger as PinoLogger } from 'pino';
import { secretFields } from './secret-fields.ts';

/** A structured logger: JSON lines, fields first, message second. */
export type Logger = Pick<PinoLogger, 'debug' | 'info' | 'warn' | 'error'> & {
  child(fields: Record<string, unknown>): Logger;
};

/** How a logger is made. */
export interface LoggerOptions {
  /** `debug`, `info`, `warn` or `error`; default `info`. */
  readonly level?: string;
  /** Takes each line, its line break included. Default: standard error. */
  readonly write?: (line: string) => void;
}

/** A logger that writes JSON lines to standard error, so that standard output stays a command's answer. */
export function createLogger({ level = 'info', write }: LoggerOptions = {}): Logger {
  const redact = secretFields.flatMap((name) => [name, `*.${name}`]);
  // Causes stay beside their error; by default their messages are put behind its own.
  const serializers = { err: pino.stdSerializers.errWithCause };
  return pino({ level, redact, serializers }, write ? { write } : pino.destination({ dest: 2, sync: false }));
}
