import type { EventLogRef, Progress } from 'banyan/events';
import type { GenerationId } from 'banyan/projections';
import { canonicalJson, type FileSystem } from 'banyan/runtime';
import { join } from 'node:path';
import { replayDirectory } from '../places.ts';

/** What a narrow rebuild is about; two are the same when their records are. */
export interface NarrowRecord {
  /** The generation that the other documents are copied from. */
  readonly live: number;
  /** `keys`, `where` or `since`, and a digest of what was given. */
  readonly choice: string;
  readonly digest: string;
  /** Where the live generation was before the copy. */
  readonly floor: Progress;
}

/** What a rebuild is doing; each step is repeated from its beginning, or from its checkpoints, after a kill. */
export type Step =
  /** Narrow: which keys are affected is found out. */
  | { readonly kind: 'choosing' }
  /** Narrow: all other items are copied. */
  | { readonly kind: 'copying' }
  /** Narrow: the affected keys are folded from their first event; a progress for each partition. */
  | { readonly kind: 'affected'; readonly partitions: readonly Progress[] }
  /** All keys are folded; a progress for each partition. */
  | { readonly kind: 'folding'; readonly partitions: readonly Progress[] }
  | { readonly kind: 'done' }
  | { readonly kind: 'failed'; readonly why: string };

/** `rebuild.json`: how far the building of a generation is. */
export interface RebuildRecord {
  readonly format: 1;
  readonly projection: string;
  readonly generation: number;
  readonly bundle: string;
  readonly logs: readonly EventLogRef[];
  readonly partitions: number;
  readonly narrow?: NarrowRecord;
  readonly step: Step;
  /** ISO 8601. */
  readonly startedAt: string;
  /** What runs before this one came to: events read, documents written, seconds. */
  readonly before: { readonly events: number; readonly documents: number; readonly seconds: number };
}

/** Whether a record belongs to the same rebuild. */
export function isSame(
  record: RebuildRecord,
  wanted: Pick<RebuildRecord, 'bundle' | 'logs'> & {
    readonly narrow?: Pick<NarrowRecord, 'choice' | 'digest' | 'live'>;
  },
): boolean {
  const text = ({ bundle, logs, narrow }: typeof wanted): string =>
    canonicalJson([bundle, logs, narrow ? [narrow.choice, narrow.digest, narrow.live] : []]);
  return text(record) === text(wanted);
}

/** Reads the record of a generation; undefined when there is none. */
export async function readRecord(
  fileSystem: FileSystem,
  directory: string,
  id: GenerationId,
): Promise<RebuildRecord | undefined> {
  const path = recordPath(directory, id);
  if ((await fileSystem.size(path)) === undefined) return undefined;
  return JSON.parse((await fileSystem.readWhole(path)).toString()) as RebuildRecord;
}

/** Keeps the record of one rebuild: changes are written one after the other, the newest wins. */
export class RecordFile {
  readonly #fileSystem: FileSystem;
  readonly #path: string;
  #record: RebuildRecord;
  #writing: Promise<void> = Promise.resolve();

  constructor(fileSystem: FileSystem, directory: string, record: RebuildRecord) {
    this.#fileSystem = fileSystem;
    this.#path = recordPath(directory, { projection: record.projection, number: record.generation });
    this.#record = record;
  }

  get record(): RebuildRecord {
    return this.#record;
  }

  /** Changes the record; resolves when it is durable. */
  change(changed: Partial<Pick<RebuildRecord, 'step' | 'before' | 'narrow'>>): Promise<void> {
    this.#record = { ...this.#record, ...changed };
    const write = (): Promise<void> =>
      this.#fileSystem.replace(this.#path, `${JSON.stringify(this.#record)}\n`);
    const written = this.#writing.then(write);
    this.#writing = written.catch(() => undefined);
    return written;
  }
}

function recordPath(directory: string, id: GenerationId): string {
  return join(replayDirectory(directory, id), 'rebuild.json');
}
