/** Where a command speaks to; passed in, so that tests read it. */
export interface Terminal {
  /** A command's answer. */
  readonly out: (text: string) => void;
  /** What it says beside: progress, warnings, errors. */
  readonly err: (text: string) => void;
  /** Resolves when what was told is taken: who tells much waits for a slow reader. Absent: at once. */
  readonly drained?: () => Promise<void>;
  /** Whether a person watches, so that a line may be redrawn. */
  readonly interactive: boolean;
  /** Columns of the terminal. */
  readonly width: number;
}

/** The process's own terminal. */
export function processTerminal(): Terminal {
  return {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    drained: async () => {
      const { stdout } = process;
      // What is gone (`banyan log cat shop | head`) takes nothing any more.
      if (!stdout.writableNeedDrain || stdout.destroyed) return;
      await new Promise<void>((resolve) => {
        const done = (): void => {
          stdout.off('drain', done).off('close', done);
          resolve();
        };
        stdout.on('drain', done).on('close', done);
      });
    },
    interactive: process.stderr.isTTY,
    // A terminal's window may change.
    get width() {
      return process.stderr.columns || 100;
    },
  };
}

/** Rows as columns: left-aligned text, right-aligned numbers, two blanks between. */
export function table(header: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const cells = rows.map((row) =>
    row.map((cell) => (typeof cell === 'number' ? cell.toLocaleString('en-US') : cell)),
  );
  const widths = header.map((title, i) => Math.max(title.length, ...cells.map((row) => row[i]?.length ?? 0)));
  const isNumber = header.map((_, i) => rows.length > 0 && rows.every((row) => typeof row[i] === 'number'));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, i) => (isNumber[i] ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0)))
      .join('  ')
      .trimEnd();
  return [line(header), ...cells.map(line)].map((text) => `${text}\n`).join('');
}

/** Bytes for a person: `1.4 MB`. */
export function bytes(count: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = count;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? String(value) : value.toFixed(1)} ${units[unit] ?? ''}`;
}

/**
 * Text broken between words into lines that fit, all but the first indented.
 * @param width columns, of which the first line has lost as many as `indent` has; undefined: nothing is broken
 */
export function wrapped(text: string, width: number | undefined, indent: string): string {
  if (width === undefined) return text;
  const room = Math.max(20, width - 1 - indent.length);
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1) ?? '';
    if (line !== '' && line.length + 1 + word.length > room) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return lines.join(`\n${indent}`);
}
