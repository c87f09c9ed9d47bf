import type { ViewStore } from 'banyan/projections';
import type { BundleStore } from 'banyan/replay';
import { isBanyanError, type Logger } from 'banyan/runtime';
import type { StageTimes } from './stage-times.ts';

/** What the translators and the views of one process share. */
export interface PartOptions {
  /** The environment's. */
  readonly directory: string;
  readonly store: ViewStore;
  readonly bundles: BundleStore;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  readonly times: StageTimes;
}

/** Tells what is wrong with a part: once, and again only when it is something else. */
export interface Problems {
  tell(part: string, error: unknown): void;
  solved(part: string): void;
}

/** Looking each second, the same would be told each second. */
export function createProblems(logger: Logger): Problems {
  const told = new Map<string, string>();
  return {
    tell: (part, error) => {
      const message = error instanceof Error ? error.message : String(error);
      if (told.get(part) === message) return;
      told.set(part, message);
      if (error instanceof Error) logger.error({ part, err: error }, message);
      else logger.warn({ part }, message);
    },
    solved: (part) => void told.delete(part),
  };
}

/** Whether an error concerns the one part alone, so that the others may start without it. */
export function isOwnFault(error: unknown): boolean {
  return isBanyanError(error, 'BUNDLE_UNKNOWN') || isBanyanError(error, 'BUNDLE_BROKEN');
}
