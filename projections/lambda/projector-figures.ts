import type { Metrics } from 'banyan/runtime/aws';
import type { GenerationId } from '../view-store.ts';

/** What became of a batch of messages. */
export interface Figures {
  /** As `AppliedUnordered` has them. */
  events: number;
  duplicates: number;
  documents: number;
  conflicts: number;
  /** Keys that were parked. */
  parked: number;
  /** Messages of another generation, or that cannot be read. */
  refused: number;
  /** Messages that were taken while the projection is parked: their events are healed later. */
  leftToLog: number;
  /** Messages that were taken while the generation is built, which folds them from the event log. */
  beforeOpening: number;
  /** Messages that come again. */
  returned: number;
  /** Whether the time of the invocation did not suffice. */
  outOfTime: number;
  /** Of the oldest event: milliseconds since its log time. */
  ageMs: number;
}

/** Nothing yet. */
export function figuresOf(): Figures {
  return {
    events: 0,
    duplicates: 0,
    documents: 0,
    conflicts: 0,
    parked: 0,
    refused: 0,
    leftToLog: 0,
    beforeOpening: 0,
    returned: 0,
    outOfTime: 0,
    ageMs: 0,
  };
}

/** Of a view's metrics. */
export function viewDimensions({ projection, number }: GenerationId): Record<string, string> {
  return { view: projection, generation: String(number) };
}

/** Writes them as metrics; what did not happen is left out. */
export function writeFigures(metrics: Metrics, id: GenerationId, { ageMs, ...counts }: Figures): void {
  const dimensions = viewDimensions(id);
  for (const [name, value] of Object.entries(counts)) if (value > 0) metrics.count(name, value, dimensions);
  if (ageMs > 0) metrics.gauge('eventAge', ageMs, 'milliseconds', dimensions);
}
