import type { SnapshotProgress } from 'banyan/cdc';
import type { Board, Progress } from './board.ts';
import { duration, number } from './progress-line.ts';

/** Shows how far the snapshots of sources are. */
export interface ShownSnapshots {
  readonly progress: (source: string, told: SnapshotProgress) => void;
  /** The snapshot is whole: its bar goes, and what it took is said. */
  readonly end: (source: string) => void;
  /** Takes the bars away. */
  readonly close: () => void;
}

/** A snapshot under way. */
interface Shown {
  readonly bar: Progress;
  readonly began: number;
  rows: number;
}

/** On a board, a bar each. */
export function shownSnapshots(board: Board): ShownSnapshots {
  const snapshots = new Map<string, Shown>();
  const begun = (source: string): Shown => {
    const bar = board.progress(`snapshot of ${source}`, 'rows', true);
    const shown = { bar, began: performance.now(), rows: 0 };
    snapshots.set(source, shown);
    return shown;
  };
  return {
    progress: (source, { rows, estimatedRows }) => {
      const shown = snapshots.get(source) ?? begun(source);
      shown.rows = rows;
      shown.bar.update(rows, estimatedRows);
    },
    end: (source) => {
      const shown = snapshots.get(source);
      if (!shown) return;
      shown.bar.stop();
      snapshots.delete(source);
      const took = duration(performance.now() - shown.began);
      board.out(
        `snapshot of ${source}: ${number(shown.rows)} rows in ${took}; translations and views follow\n`,
      );
    },
    close: () => {
      for (const { bar } of snapshots.values()) bar.stop();
    },
  };
}
