import { wrapped } from './output.ts';

/** A line of the structured log; see pino's documentation, "log method". */
interface LogLine {
  readonly level?: number;
  readonly time?: number;
  readonly msg?: string;
  readonly err?: {
    readonly type?: string;
    readonly code?: string;
    readonly message?: string;
    readonly stack?: string;
  };
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
  const told = [withError(msg, err), facts.length > 0 ? `(${facts.join(', ')})` : '']
    .filter(Boolean)
    .join(' ');
  const where = placesOf(err?.stack).map((place) => `${indent}${place}\n`);
  return `${head}${wrapped(told, width, indent)}\n${where.join('')}`;
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

/** The error's own message tells more than the line's, which is left out where both are the same. */
function withError(msg: string, err: LogLine['err']): string {
  if (!err) return msg;
  const { code, message = '' } = err;
  const coded = code === undefined ? '' : `${code}: `;
  if (msg === '' || message.startsWith(msg)) return `${coded}${msg === '' ? message : msg}`;
  return `${msg}: ${coded}${message}`;
}

/**
 * Where the first cause was thrown, if not by Banyan on purpose: pino writes causes behind one another. Frames of Node
 * and of packages say nothing to the one who must mend it.
 */
function placesOf(stack = ''): readonly string[] {
  const first = stack.split('\ncaused by: ').at(-1) ?? '';
  if (first.startsWith('BanyanError')) return [];
  return first
    .split('\n')
    .map((text) => text.trim())
    .filter((text) => text.startsWith('at ') && !/node:|node_modules/.test(text))
    .slice(0, frames);
}
