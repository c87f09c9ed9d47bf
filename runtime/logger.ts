import { pino, type Logger as PinoLogger } from 'pino';

/** A structured logger: JSON lines, fields first, message second. */
export type Logger = Pick<PinoLogger, 'debug' | 'info' | 'warn' | 'error'> & {
  child(fields: Record<string, unknown>): Logger;
};

/** Names of fields whose values never reach a log. */
const secretFields = ['password', 'secret', 'token', 'authorization', 'connectionString', 'url'];

/** A logger that writes JSON lines to standard error, so that standard output stays a command's answer. */
export function createLogger(options: { readonly level?: string } = {}): Logger {
  return pino(
    { level: options.level ?? 'info', redact: secretFields.flatMap((name) => [name, `*.${name}`]) },
    pino.destination({ dest: 2, sync: false }),
  );
}

/** A logger that says nothing. */
export const silentLogger: Logger = pino({ level: 'silent' });
