/** The stages that an event passes on its way from the legacy database to a view. */
export type Stage = 'logged' | `translated by ${string}` | `in view ${string}`;

/** When a transaction came through a stage, milliseconds since 1970 with fractions. */
export interface StageTime {
  readonly stage: Stage;
  readonly at: number;
}

/** Remembers when the newest positions of each source came through each stage. */
export interface StageTimes {
  /** Everything up to the position has come through the stage now. */
  passed(source: string, stage: Stage, position: number): void;
  /** The stages that the position has come through, in order of time. */
  of(source: string, position: number): readonly StageTime[];
}

/** How many passings are remembered for each stage of a source. */
const remembered = 10_000;

interface Passing {
  readonly position: number;
  readonly at: number;
}

/** @param now milliseconds since 1970 with fractions */
export function createStageTimes(now: () => number): StageTimes {
  const sources = new Map<string, Map<Stage, Passing[]>>();
  return {
    passed: (source, stage, position) => {
      const stages = sources.get(source) ?? new Map<Stage, Passing[]>();
      sources.set(source, stages);
      const passings = stages.get(stage) ?? [];
      stages.set(stage, passings);
      if ((passings.at(-1)?.position ?? 0) >= position) return;
      passings.push({ position, at: now() });
      // Half at a time, so that forgetting costs nothing each time.
      if (passings.length > 2 * remembered) passings.splice(0, remembered);
    },
    of: (source, position) =>
      [...(sources.get(source) ?? [])]
        .flatMap(([stage, passings]) => {
          // A position came through with the first passing at or behind it, unless that is older than our memory.
          const index = passings.findIndex((passing) => passing.position >= position);
          const passing = passings[index];
          return passing === undefined ? [] : [{ stage, at: passing.at }];
        })
        .sort((a, b) => a.at - b.at),
  };
}
