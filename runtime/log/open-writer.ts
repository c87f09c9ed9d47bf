import type { FileSystem } from '../file-system.ts';
import { toError, type BanyanError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import { silentLogger } from '../silent-logger.ts';
import { bestCodec, type Codec } from './codec.ts';
import { newestLine } from './cursor.ts';
import type { NewestLine } from './chunk.ts';
import { storageError } from './errors.ts';
import { takeFence, type Fence } from './fence.ts';
import { parseLine } from './frame.ts';
import type { Holder } from './holder.ts';
import { claimDirectory } from './identity.ts';
import type { JsonObject } from '../json.ts';
import type { LogWriter } from './log.ts';
import { recover } from './recover.ts';
import { SegmentWriter } from './segment-writer.ts';
import { SegmentLogWriter } from './writer.ts';

export interface LogWriterOptions {
  readonly directory: string;
  readonly fileSystem: FileSystem;
  /** Who writes, for messages: `the capture of "shop"`. */
  readonly owner: string;
  /** What is in the log: `change-log`, `event-log`. */
  readonly kind: string;
  /** Which of that kind: `shop`. */
  readonly name: string;
  /** Positions have no gaps: 1, 2, 3, ... */
  readonly dense?: boolean;
  /** A segment is finished once it has more raw bytes than this. Default 64 MiB. */
  readonly segmentBytes?: number;
  /** Bytes that wait to be written before `ready` waits. Default 4 MiB. */
  readonly bufferBytes?: number;
  /** Takes the log from a holder that cannot be seen to have ended: one on another host. */
  readonly takeOver?: boolean;
  /** Whether a holder on this host still runs; default: by its process. */
  readonly isAlive?: (holder: Holder) => boolean;
  /** Default: zstd where this Node has it, else gzip. */
  readonly codec?: Codec;
  readonly logger?: Logger;
}

/**
 * Opens a log to write, creating it if needed: takes the fence, and puts in order what the writer before left.
 * @throws BanyanError LOG_IN_USE, LOG_MISMATCH, LOG_FORMAT_UNKNOWN, LOG_CORRUPT, LOG_DISK_FULL, LOG_NOT_WRITABLE, LOG_FAILED
 */
export async function openLogWriter<Payload>(options: LogWriterOptions): Promise<LogWriter<Payload>> {
  const { directory, fileSystem, owner } = options;
  const explain = (thrown: unknown) => storageError(thrown, owner, directory);
  let fence: Fence | undefined;
  try {
    await fileSystem.makeDirectory(`${directory}/fences`);
    const { kind, name, dense = false } = options;
    await claimDirectory(fileSystem, directory, { kind, name, dense });
    fence = await takeFence(options);
    return await openHeld<Payload>(options, fence, explain);
  } catch (error) {
    const logger = options.logger ?? silentLogger;
    await releaseQuietly(fence, undefined, logger);
    throw explain(error);
  }
}

async function openHeld<Payload>(
  options: LogWriterOptions,
  fence: Fence,
  explain: (thrown: unknown) => BanyanError,
) {
  const { directory, fileSystem, owner, dense = false, codec = bestCodec, logger = silentLogger } = options;
  const recovered = await recover({ fileSystem, directory, fence, dense, codec, logger });
  await fence.recovered();
  const { segmentBytes = 64 << 20, bufferBytes = 4 << 20 } = options;
  const files = { fileSystem, directory, dense, segmentBytes, codec, fence, logger };
  const segments = new SegmentWriter(files, recovered.segments);
  return new SegmentLogWriter<Payload>({
    owner,
    directory,
    dense,
    bufferBytes,
    segments,
    last: parseNewest(await newestLine(segments)),
    checkFence: () => fence.check(),
    release: (end) => releaseQuietly(fence, end, logger),
    explain,
  });
}

/** A fence that cannot be released, on a full disk, is free all the same once its process ends or opens again. */
async function releaseQuietly(
  fence: Fence | undefined,
  end: { position: number } | undefined,
  logger: Logger,
) {
  await fence?.release(end).catch((error: unknown) => {
    logger.warn({ err: toError(error) }, 'could not note that the log is closed');
  });
}

function parseNewest(text: string | undefined): NewestLine | undefined {
  if (text === undefined) return undefined;
  const { position, previous, part, last, ...payload } = parseLine<JsonObject>(text, 0, text.length);
  return { frame: { position, previous, part, last }, payload: JSON.stringify(payload) };
}
