import { join } from 'node:path';
import { eventLogName, type EventLogRef } from 'banyan/events';
import { BanyanError, nodeFileSystem, systemClock } from 'banyan/runtime';
import { z } from 'zod';
import { translationDirectory, translationsDirectory } from './places.ts';

const states = ['building', 'running', 'retired'] as const;

/**
 * What a version of a translation is doing: its event log is being built, by a replay; it is translated by
 * `banyan dev`; nothing translates it any more.
 */
export type TranslationState = (typeof states)[number];

/** A version of a translation, as it was registered. */
export interface RegisteredTranslation {
  readonly ref: EventLogRef;
  /** The hash of the bundle that it runs from, as long as there is this version. */
  readonly bundle: string;
  readonly state: TranslationState;
  /** ISO 8601. */
  readonly createdAt: string;
}

const shape = z.object({
  ref: z.object({ source: z.string(), translation: z.string(), version: z.int().positive() }),
  bundle: z.string(),
  state: z.enum(states),
  createdAt: z.iso.datetime(),
});

/**
 * Registers a version of a translation, durably; returns what is registered, which is another's when there was one
 * already.
 * @throws BanyanError REGISTRY_BROKEN
 */
export async function registerTranslation(
  directory: string,
  translation: Omit<RegisteredTranslation, 'createdAt'>,
): Promise<RegisteredTranslation> {
  const { ref, bundle, state } = translation;
  const registered = { ref, bundle, state, createdAt: new Date(systemClock.now()).toISOString() };
  const file = fileOf(directory, ref);
  await nodeFileSystem.makeDirectory(translationDirectory(directory, ref));
  if (await nodeFileSystem.createExclusive(file, JSON.stringify(registered))) return registered;
  return (await read(file)) ?? registered;
}

/**
 * Changes the state of a version of a translation, durably.
 * @throws BanyanError TRANSLATION_UNKNOWN; TRANSLATION_CONFLICT when its state is not `expected` any more;
 *   REGISTRY_BROKEN
 */
export async function changeTranslation(
  directory: string,
  ref: EventLogRef,
  expected: TranslationState,
  state: TranslationState,
): Promise<RegisteredTranslation> {
  const file = fileOf(directory, ref);
  const found = await read(file);
  const details = { translation: eventLogName(ref), expected, found: found?.state ?? null };
  if (!found) {
    throw new BanyanError(
      'TRANSLATION_UNKNOWN',
      `Translation ${eventLogName(ref)} is not registered in ${directory}. Start "banyan dev" or "banyan replay start" once.`,
      { details },
    );
  }
  if (found.state !== expected) {
    throw new BanyanError(
      'TRANSLATION_CONFLICT',
      `Translation ${eventLogName(ref)} is ${found.state}; expected ${expected}. Another process changed it: look at ` +
        '"banyan replay status" and try again.',
      { details },
    );
  }
  const changed = { ...found, state };
  await nodeFileSystem.replace(file, JSON.stringify(changed));
  return changed;
}

/**
 * Every registered version, the lower ones of a translation first.
 * @param name only those of the translation of that name
 * @throws BanyanError REGISTRY_BROKEN
 */
export async function registeredTranslations(
  directory: string,
  name?: string,
): Promise<readonly RegisteredTranslation[]> {
  const root = translationsDirectory(directory);
  const found: RegisteredTranslation[] = [];
  for (const log of await nodeFileSystem.list(root)) {
    const one = await read(join(root, log, fileName));
    if (one && (name === undefined || one.ref.translation === name)) found.push(one);
  }
  return found.sort(
    ({ ref: one }, { ref: other }) =>
      one.source.localeCompare(other.source) ||
      one.translation.localeCompare(other.translation) ||
      one.version - other.version,
  );
}

const fileName = 'translation.json';

function fileOf(directory: string, ref: EventLogRef): string {
  return join(translationDirectory(directory, ref), fileName);
}

async function read(file: string): Promise<RegisteredTranslation | undefined> {
  if ((await nodeFileSystem.size(file)) === undefined) return undefined;
  const text = (await nodeFileSystem.readWhole(file)).toString();
  try {
    return shape.parse(JSON.parse(text));
  } catch (error) {
    throw new BanyanError(
      'REGISTRY_BROKEN',
      `${file} does not say which bundle its translation runs from: it was damaged, or written by hand. Restore it from a backup.`,
      { details: { file }, cause: error },
    );
  }
}
