import type { Logger } from './logger.ts';

/** A logger that says nothing. Without pino, so that a function's bundle has no second logger for it. */
export const silentLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silentLogger,
};
