import { startCapture, type Capture, type SnapshotProgress, type Source } from 'banyan/cdc';
import { sourceDirectory } from 'banyan/replay';
import { BanyanError, nodeFileSystem, systemClock, type Closeable, type Logger } from 'banyan/runtime';
import type { LoadedConfig } from '../config/load-config.ts';
import type { StageTimes } from './stage-times.ts';

/** What captures need of their process. */
export interface CapturesOptions {
  readonly loaded: LoadedConfig;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  /** What is started is added, so that it is closed even when a later part fails to start. */
  readonly started: Closeable[];
  readonly times: StageTimes;
  readonly onSnapshot?: (source: string, progress: SnapshotProgress) => void;
  /** The snapshot is whole and durable in the change log. */
  readonly onSnapshotEnd?: (source: string) => void;
}

/** The captures of all sources. */
export interface Captures {
  readonly captures: ReadonlyMap<string, Capture>;
  /** Settles when all sources are open, from when on every commit is an event; rejects when one cannot be. */
  readonly streaming: Promise<unknown>;
}

/** Starts the capture of each source. @throws BanyanError what a capture said that cannot start */
export async function startCaptures(options: CapturesOptions): Promise<Captures> {
  const captures = new Map<string, Capture>();
  const opening: Promise<unknown>[] = [];
  for (const name of Object.keys(options.loaded.config.sources)) {
    const running = await capture(name, options);
    captures.set(name, running.capture);
    opening.push(running.streaming);
  }
  const streaming = Promise.all(opening);
  // Awaited later, when the other parts were started too.
  streaming.catch(() => undefined);
  return { captures, streaming };
}

async function capture(
  name: string,
  options: CapturesOptions,
): Promise<{
  readonly capture: Capture;
  /** Settles when its source is open, from when on every commit is an event; or with the capture's end. */
  readonly streaming: Promise<unknown>;
}> {
  const { loaded, logger, signal, started, times, onSnapshot, onSnapshotEnd } = options;
  const definition = loaded.config.sources[name];
  if (!definition) throw new BanyanError('SOURCE_UNKNOWN', `There is no source ${name}.`);
  let inSnapshot = false;
  let opened = (): void => undefined;
  const isOpen = new Promise<void>((resolve) => (opened = resolve));
  const running = await startCapture({
    source: watched(definition.create(name, { logger: logger.child({ source: name }) }), opened),
    directory: sourceDirectory(loaded.directory, name),
    fileSystem: nodeFileSystem,
    clock: systemClock,
    logger,
    signal,
    onSnapshotProgress: (told) => {
      inSnapshot = true;
      onSnapshot?.(name, told);
    },
    onDurable: (position) => {
      times.passed(name, 'logged', position);
      // It is the log's first transaction, so what is durable first is the whole of it.
      if (inSnapshot) onSnapshotEnd?.(name);
      inSnapshot = false;
    },
  });
  started.push(running);
  const streaming = Promise.race([isOpen, running.ended]);
  // Awaited later, when the other parts were started too.
  streaming.catch(() => undefined);
  return { capture: running, streaming };
}

/** The source, telling that its stream was opened. */
function watched(source: Source, opened: () => void): Source {
  return {
    name: source.name,
    lag: () => source.lag(),
    open: async (options) => {
      const stream = await source.open(options);
      opened();
      return stream;
    },
  };
}

/** Resolves when aborted or when all captures ended; rejects when one has stopped for good. */
export async function untilEnd(captures: readonly Capture[], signal: AbortSignal): Promise<void> {
  const aborted = new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
  await Promise.race([aborted, Promise.all(captures.map(({ ended }) => ended))]);
}
