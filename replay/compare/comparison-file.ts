import { join } from 'node:path';
import type { GenerationId } from 'banyan/projections';
import { BanyanError, nodeFileSystem, type FileSystem } from 'banyan/runtime';
import { z } from 'zod';
import { replayDirectory } from '../places.ts';
import type { Comparison } from './comparison.ts';

const count = z.int().min(0);
const progress = z.record(z.string(), z.object({ position: count, index: count.exactOptional() }));
const kind = z.enum(['added', 'removed', 'changed']);
const json = z.json();
const documents = z.array(z.object({ key: z.string(), document: json }));

const comparison: z.ZodType<Comparison> = z.object({
  projection: z.string(),
  live: count,
  next: count,
  liveBundle: z.string(),
  nextBundle: z.string(),
  documents: z.object({ added: count, removed: count, changed: count, unchanged: count }),
  fields: z.array(
    z.object({
      path: z.string(),
      changed: count,
      samples: z.array(
        z.object({ key: z.string(), before: json.exactOptional(), after: json.exactOptional() }),
      ),
    }),
  ),
  fieldsLeftOut: count,
  added: documents,
  removed: documents,
  unexplained: z.object({
    count,
    listed: z.array(z.object({ key: z.string(), kind, fields: z.array(z.string()), settled: z.boolean() })),
  }),
  parked: z.object({
    live: count,
    next: count,
    freed: count,
    added: count,
    listed: z.array(
      z.object({ key: z.string(), eventId: z.string(), code: z.string(), message: z.string() }),
    ),
  }),
  expectation: z.string(),
  unsettled: count,
  progress: z.object({ live: progress, next: progress }),
  comparedAt: z.iso.datetime(),
  seconds: z.number().min(0),
});

function fileOf(directory: string, id: GenerationId): string {
  return join(replayDirectory(directory, id), 'diff.json');
}

/** Keeps the comparison beside what else is known of the building of its next generation; the one before is replaced. */
export async function writeComparison(
  directory: string,
  compared: Comparison,
  fileSystem: FileSystem = nodeFileSystem,
): Promise<void> {
  const id = { projection: compared.projection, number: compared.next };
  await fileSystem.makeDirectory(replayDirectory(directory, id));
  await fileSystem.replace(fileOf(directory, id), `${JSON.stringify(compared, undefined, 2)}\n`);
}

/**
 * The last comparison that was kept for a generation, or undefined.
 * @throws BanyanError COMPARISON_BROKEN when its file is no comparison
 */
export async function readComparison(
  directory: string,
  id: GenerationId,
  fileSystem: FileSystem = nodeFileSystem,
): Promise<Comparison | undefined> {
  const file = fileOf(directory, id);
  if ((await fileSystem.size(file)) === undefined) return undefined;
  const text = (await fileSystem.readWhole(file)).toString();
  try {
    return comparison.parse(JSON.parse(text));
  } catch (cause) {
    throw new BanyanError(
      'COMPARISON_BROKEN',
      `${file} is not a comparison of this Banyan. Nothing was changed. Compare again: banyan replay diff ${id.projection}.`,
      { details: { file, projection: id.projection, generation: id.number }, cause },
    );
  }
}
