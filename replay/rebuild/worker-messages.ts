import type { EventLogRef, Progress } from 'banyan/events';
import { BanyanError, isBanyanError, toError, type JsonObject } from 'banyan/runtime';
import type { Folded, FoldFigures } from './fold-partition.ts';
import type { FoldJob } from './job.ts';

/**
 * A module by which another thread opens the view store: the named export is a `ViewStore`, a function that gives one
 * (or its promise), or an object whose `views` is one, as a config's is.
 */
export interface StoreModule {
  /** Absolute path or `file:` URL of an ES module. */
  readonly module: string;
  readonly export: string;
}

/** What a worker is given. */
export interface WorkerInput {
  readonly job: FoldJob;
  /** Absolute path of the bundle. */
  readonly bundle: string;
  readonly store: StoreModule;
  readonly logs: readonly { readonly log: EventLogRef; readonly directory: string }[];
}

/** What a worker says. */
export type WorkerMessage =
  | { readonly kind: 'checkpoint'; readonly progress: Progress }
  | { readonly kind: 'progress'; readonly figures: FoldFigures }
  | { readonly kind: 'ended'; readonly folded: Folded }
  | { readonly kind: 'failed'; readonly error: PlainError };

/** An error as it goes from thread to thread. */
export interface PlainError {
  /** Of a BanyanError. */
  readonly code: string | undefined;
  readonly message: string;
  readonly stack: string | undefined;
  readonly retryable: boolean;
  readonly details: JsonObject;
}

export function plainError(thrown: unknown): PlainError {
  const { message, stack } = toError(thrown);
  const given = isBanyanError(thrown) ? thrown : undefined;
  return {
    code: given?.code,
    message,
    stack,
    retryable: given?.retryable ?? false,
    details: given?.details ?? {},
  };
}

export function errorOf({ code, message, stack, retryable, details }: PlainError): Error {
  const error =
    code === undefined ? new Error(message) : new BanyanError(code, message, { retryable, details });
  if (stack !== undefined) error.stack = stack;
  return error;
}
