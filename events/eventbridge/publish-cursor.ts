import { join } from 'node:path';
import { BanyanError, type FileSystem } from 'banyan/runtime';
import type { LogCursor } from '../domain-event.ts';

/** Keeps up to where an event log was published. */
export interface PublishCursor {
  /** Undefined before the first write. */
  read(): Promise<LogCursor | undefined>;
  /** Durable when it resolves. */
  write(cursor: LogCursor): Promise<void>;
}

/** Keeps the cursor in a file of a directory, `published.json`. */
export function filePublishCursor(options: {
  readonly directory: string;
  readonly fileSystem: FileSystem;
}): PublishCursor {
  const { directory, fileSystem } = options;
  const path = join(directory, 'published.json');
  return {
    read: async () => {
      if ((await fileSystem.size(path)) === undefined) return undefined;
      return cursorOf((await fileSystem.readWhole(path)).toString(), path);
    },
    write: async ({ position, index }) => {
      await fileSystem.makeDirectory(directory);
      await fileSystem.replace(path, `${JSON.stringify({ position, index })}\n`);
    },
  };
}

function cursorOf(text: string, path: string): LogCursor {
  try {
    const { position, index } = JSON.parse(text) as Partial<LogCursor>;
    if (isPlace(position) && (index === undefined || isPlace(index))) {
      return { position, ...(index !== undefined && { index }) };
    }
  } catch (error) {
    throw invalid(path, error);
  }
  throw invalid(path);
}

function isPlace(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function invalid(path: string, cause?: unknown): BanyanError {
  return new BanyanError(
    'PUBLISH_CURSOR_INVALID',
    `${path} does not hold a cursor, such as {"position":12,"index":3}. Restore it; or write {"position":0} to publish ` +
      `the whole event log again, which is slow and does no harm.`,
    { details: { path }, cause },
  );
}
