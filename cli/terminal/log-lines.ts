import { wrapped } from './output.ts';

/** An error, as pino's `errWithCause` writes it. */
interface LoggedError {
  readonly type?: string;
  readonly code?: string;
  readonly message?: string;
  readonly stack?: string;
  readonly cause?: LoggedError;
}

/** A line of the structured log; see pino's documentation, "log method". */
interface LogLine {
  readonly level?: number;
  readonly time?: number;
  readonly msg?: string;
  readonly err?: LoggedError;
  readonly [field: string]: unknown;
}

/** What a person at a terminal need not be told. */
const dull = new Set(['level', 'time', 'pid', 'hostname', 'msg', 'err']);

/** Lines of a stack that say where, at most. */
const frames = 3;

/**
 * A structured log line for a person: the time, how grave it is, what happened, what of, and for an error of somebody's
 * own code where it was thrown. What is no such line is left as it is.
 * @param width columns; undefined: lines are not wrapped
 */
export function readableLogLine(json: string, width?: number): string {
  const line = parsed(json);
  if (!line) return json;
  const { err, msg = '' } = line;
  const time = new Date(line.time ?? 0).toTimeString().slice(0, 8);
  const head = `${time} ${levelName(line.level ?? 0).padEnd(5)}  `;
  const indent = ' '.repeat(head.length);
  const facts = Object.entries(line).flatMap(([name, value]) => (dull.has(name) ? [] : [fact(name, value)]));
  const told = textOf(msg, facts.length > 0 ? ` (${facts.join(', ')})` : '', err);
  const below = [...causesOf(err, told), ...placesOf(err)];
  return [told, ...below]
    .map((text, i) => `${i === 0 ? head : indent}${wrapped(text, width, indent)}\n`)
    .join('');
}

function parsed(json: string): LogLine | undefined {
  try {
    return JSON.parse(json) as LogLine;
  } catch {
    return undefined;
  }
}

function levelName(level: number): string {
  if (level >= 50) return 'ERROR';
  if (level >= 40) return 'warn';
  return level >= 30 ? 'info' : 'debug';
}

function fact(name: string, value: unknown): string {
  return `${name} ${typeof value === 'string' ? value : JSON.stringify(value)}`;
}

/** The error's message comes last, where it may end in a statement to be pasted; it is told once. */
function textOf(msg: string, facts: string, err: LoggedError | undefined): string {
  if (!err) return `${msg}${facts}`;
  const { code, message = '' } = err;
  const coded = code === undefined ? '' : `${code}: `;
  if (msg === '' || msg === message) return `${coded}${message}${facts}`;
  return `${msg}${facts}: ${coded}${message}`;
}

/** What the causes said, where the error's own message does not say it. */
function causesOf(err: LoggedError | undefined, told: string): readonly string[] {
  const { cause } = err ?? {};
  if (!cause) return [];
  const { code, type = 'Error', message = '' } = cause;
  const known = message === '' || told.includes(message);
  return [...(known ? [] : [`caused by ${code ?? type}: ${message}`]), ...causesOf(cause, told)];
}

/**
 * Where the first cause was thrown, if not by Banyan on purpose. Frames of Node and of packages say nothing to the one
 * who must mend it.
 */
function placesOf(err: LoggedError | undefined): readonly string[] {
  if (err?.cause) return placesOf(err.cause);
  if (err?.stack === undefined || err.type === 'BanyanError') return [];
  return err.stack
    .split('\n')
    .map((text) => text.trim())
    .filter((text) => /^at .*:\d+:\d+\)?$/.test(text) && !/node:|node_modules/.test(text))
    .slice(0, frames);
}
