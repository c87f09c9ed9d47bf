import { cpus, platform, release, totalmem } from 'node:os';

/** What every benchmark takes. */
export interface BenchOptions {
  /** Under a minute, with rougher figures. */
  readonly quick: boolean;
  /** The last line is one JSON object with the figures by name. */
  readonly json: boolean;
}

/** The figures of a run, by name. */
export type Figures = Readonly<Record<string, number>>;

/** Runs a benchmark from the command line: `--quick`, `--json`, `--help`. */
export async function runBench(
  about: string,
  measure: (options: BenchOptions, say: (line: string) => void) => Promise<Figures>,
): Promise<void> {
  const args = process.argv.slice(2);
  const wrong = args.find((arg) => !['--quick', '--json', '--help'].includes(arg));
  if (args.includes('--help') || wrong !== undefined) {
    const usage = `${about}\n\n  --quick   under a minute, rougher\n  --json    the last line is one JSON object\n`;
    (wrong === undefined ? process.stdout : process.stderr).write(
      wrong === undefined ? usage : `${wrong} is no option.\n${usage}`,
    );
    process.exitCode = wrong === undefined ? 0 : 2;
    return;
  }
  const json = args.includes('--json');
  const say = (line: string): void => void (json ? process.stderr : process.stdout).write(`${line}\n`);
  say(`${about}\n${machine()}\n`);
  const figures = await measure({ quick: args.includes('--quick'), json }, say);
  for (const [name, value] of Object.entries(figures)) say(`  ${name.padEnd(28)} ${rounded(value)}`);
  if (json) process.stdout.write(`${JSON.stringify(figures)}\n`);
}

/** The machine, as `RESULTS.md` names it. */
export function machine(): string {
  const [cpu] = cpus();
  return `${new Date().toISOString().slice(0, 10)}, Node ${process.version}, ${platform()} ${release()}, ${cpus().length} cores (${cpu?.model.trim() ?? 'unknown'}), ${Math.round(totalmem() / 2 ** 30)} GiB`;
}

/** The value below which the given part of the sample lies; 0 for an empty one. */
export function quantile(sample: readonly number[], part: number): number {
  const sorted = sample.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? 0;
}

function rounded(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en-US') : value.toFixed(2);
}
