/** How far a long piece of work is. */
export interface ProgressFigures {
  readonly title: string;
  /** What is counted, in the plural: `rows`. */
  readonly unit: string;
  readonly done: number;
  /** Of how much, where that is known. */
  readonly total: number | undefined;
  /** Whether the total is somebody's guess, which may be too low. */
  readonly estimated: boolean;
  /** Milliseconds since it began. */
  readonly elapsedMs: number;
}

const widestBar = 30;
const narrowestBar = 8;

/** One line that tells it, without a bar: `snapshot of shop: 1,200 of about 5,000 rows, 600/s, 6 s left`. */
export function progressText(figures: ProgressFigures): string {
  return `${figures.title}: ${told(figures)}`;
}

/** One line that shows it, with a bar where one fits; never wider than the terminal. */
export function progressLine(figures: ProgressFigures, width: number): string {
  const { title, done, total } = figures;
  const text = told(figures);
  const room = width - 1 - title.length - text.length - ' 100 %'.length - 4;
  if (total === undefined || total === 0 || room < narrowestBar) {
    return `${title}  ${text}`.slice(0, Math.max(0, width - 1));
  }
  const share = Math.min(1, done / total);
  const length = Math.min(widestBar, room);
  const full = Math.floor(share * length);
  const percent = `${String(Math.floor(share * 100)).padStart(3)} %`;
  return `${title}  ${'█'.repeat(full)}${'░'.repeat(length - full)} ${percent}  ${text}`;
}

function told({ unit, done, total, estimated, elapsedMs }: ProgressFigures): string {
  const known = total !== undefined && done <= total;
  const count = `${number(done)}${known ? ` of ${estimated ? 'about ' : ''}${number(total)}` : ''} ${unit}`;
  // A rate of the first moment would be a guess.
  if (elapsedMs < 1000 || done === 0) return count;
  const perSecond = (done * 1000) / elapsedMs;
  const left = known ? `, ${duration(((total - done) / perSecond) * 1000)} left` : '';
  return `${count}, ${number(Math.round(perSecond))}/s${left}`;
}

/** A number for a person: `12,345`. */
export function number(value: number): string {
  return value.toLocaleString('en-US');
}

/** A time for a person: `0.4 s`, `31 s`, `4 min 10 s`, `2 h 5 min`. */
export function duration(milliseconds: number): string {
  if (milliseconds < 10_000) return `${(milliseconds / 1000).toFixed(1)} s`;
  const seconds = Math.round(milliseconds / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
