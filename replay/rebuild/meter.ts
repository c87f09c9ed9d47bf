import type { Progress, LogEnds } from 'banyan/events';
import type { FoldFigures } from './fold-partition.ts';
import { positionsLeft } from './progresses.ts';

/** What a rebuild tells of itself, ten times a second at most. */
export interface RebuildProgress {
  /**
   * `copying`: documents of a narrow rebuild; `sampling`: its check; `subscribing`: all is folded, and a probe is waited
   * for.
   */
  readonly step: 'choosing' | 'copying' | 'folding' | 'sampling' | 'subscribing';
  /** Events read in this step; while copying, documents. */
  readonly events: number;
  /** About how many there are; absent while nothing is known. */
  readonly eventsTotal?: number;
  /** Documents written by this run. */
  readonly documents: number;
  readonly eventsPerSecond: number;
  readonly etaSeconds?: number;
}

/** What is folded at once: a partition, or the sample. */
interface Part {
  figures: FoldFigures;
  readonly from: Progress;
}

const everyMs = 100;

/** Adds up what the partitions tell. */
export class Meter {
  readonly #tell: ((progress: RebuildProgress) => void) | undefined;
  readonly #started = performance.now();
  #parts: (Part | undefined)[] = [];
  #ends: LogEnds = {};
  #step: RebuildProgress['step'] = 'folding';
  #begun = performance.now();
  #told = -Infinity;
  #events = 0;
  #documents = 0;
  #throttled = 0;
  #peak = 0;
  #waitedMs = 0;

  constructor(tell?: (progress: RebuildProgress) => void) {
    this.#tell = tell;
  }

  /** Begins a step. */
  begin(step: RebuildProgress['step'], ends: LogEnds = {}): void {
    this.#waitedMs = this.#waited();
    this.#events += this.#average();
    this.#documents = this.documents;
    this.#throttled = this.throttled;
    this.#parts = [];
    this.#ends = ends;
    this.#step = step;
    this.#begun = performance.now();
  }

  /** A part was told to begin. */
  part(number: number, from: Progress): void {
    this.#parts[number] = {
      from,
      figures: { events: 0, documents: 0, throttled: 0, bytes: 0, progress: from },
    };
  }

  /** A part tells how far it is. */
  note(number: number, figures: FoldFigures): void {
    const part = this.#parts[number];
    if (part) part.figures = figures;
    this.look();
  }

  /** Documents were written by the way, and the store refused parts of that so often at first. */
  wrote(documents: number, throttled: number): void {
    this.#documents += documents;
    this.#throttled += throttled;
    this.look();
  }

  /** Events read: those of each partition are the same ones. */
  get events(): number {
    return this.#events + this.#average();
  }

  get documents(): number {
    return this.#documents + this.#live().reduce((sum, { figures }) => sum + figures.documents, 0);
  }

  /** How often the store was asked for too much. */
  get throttled(): number {
    return this.#throttled + this.#live().reduce((sum, { figures }) => sum + figures.throttled, 0);
  }

  /** What others are waited for does not count. */
  get seconds(): number {
    return (performance.now() - this.#started - this.#waited()) / 1000;
  }

  /** The most resident memory seen, bytes: of the whole process, workers included. */
  get peakMemoryBytes(): number {
    return this.#peak;
  }

  /** Tells, if it is time. */
  look(): void {
    const now = performance.now();
    if (now - this.#told < everyMs) return;
    this.#told = now;
    this.#peak = Math.max(this.#peak, process.memoryUsage.rss());
    this.#tell?.(this.#progress((now - this.#begun) / 1000));
  }

  #progress(seconds: number): RebuildProgress {
    const events = this.#average();
    const eventsPerSecond = seconds > 0 ? Math.round(events / seconds) : 0;
    const told = { step: this.#step, events, documents: this.documents, eventsPerSecond };
    const parts = this.#live();
    const all = parts.reduce((sum, { from }) => sum + positionsLeft(from, this.#ends), 0);
    const left = parts.reduce((sum, { figures }) => sum + positionsLeft(figures.progress, this.#ends), 0);
    if (all === 0 || left === all || parts.length === 0) return told;
    const done = (all - left) / all;
    return {
      ...told,
      eventsTotal: Math.round(events / done),
      etaSeconds: Math.round((seconds / done) * (1 - done)),
    };
  }

  #waited(): number {
    return this.#waitedMs + (this.#step === 'subscribing' ? performance.now() - this.#begun : 0);
  }

  #average(): number {
    const parts = this.#live();
    return parts.length === 0
      ? 0
      : Math.round(parts.reduce((sum, { figures }) => sum + figures.events, 0) / parts.length);
  }

  #live(): Part[] {
    return this.#parts.filter((part) => part !== undefined);
  }
}
