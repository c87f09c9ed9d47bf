/**
 * What a range of positions of one event log holds, by event type: how a projector's watermark can know that nothing is
 * missing. The ranges of a log follow one another without a gap, and each holds whole transactions.
 */
export interface Tally {
  /** `source:translation@version`. */
  readonly log: string;
  /** The range begins behind this position. */
  readonly after: number;
  /** The range ends with this position. */
  readonly to: number;
  /** The log time at `to`, ISO 8601 with microseconds: no later event of the log has a lower one. */
  readonly logTime: string;
  /** When the tally was made, ISO 8601 by the keeper's clock. */
  readonly at: string;
  /** How many events of each type; a type that did not occur is absent. */
  readonly counts: Readonly<Record<string, number>>;
}

/** The payload of a line of a tally log; the line's position is `to`. */
export type TallyLine = Omit<Tally, 'log' | 'to'>;
