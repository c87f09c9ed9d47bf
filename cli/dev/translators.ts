import type { ChangeLogLine } from 'banyan/cdc';
import {
  eventLogName,
  startTranslator,
  type EventLogRef,
  type LocalBus,
  type Translator,
} from 'banyan/events';
import {
  registeredTranslations,
  registerTranslation,
  translationDirectory,
  type RegisteredTranslation,
  type ReplayGroup,
} from 'banyan/replay';
import { closeAll, nodeFileSystem, once, systemClock, type Closeable, type LogReader } from 'banyan/runtime';
import { createProblems, isOwnFault, type PartOptions } from './parts.ts';
import type { Tallies } from './unordered/tallies.ts';

/** The translators of the registered versions, each with the bundle that it was registered with. */
export interface Translators extends Closeable {
  running(): readonly Translator[];
  find(log: EventLogRef): Translator | undefined;
  /** Starts what came; what cannot start is told, or thrown when it is the first look. */
  look(isFirst: boolean): Promise<void>;
  /** Closes what was retired, unless somebody still needs it. */
  release(isNeeded: (log: EventLogRef) => boolean): Promise<void>;
}

interface TranslatorsOptions extends PartOptions {
  readonly changeLog: (source: string) => LogReader<ChangeLogLine> | undefined;
  readonly announce: LocalBus['announce'];
  /** Keeps the tallies of each event log; absent where nobody needs them. */
  readonly tallies: Pick<Tallies, 'keep' | 'release'> | undefined;
}

/** Registers the code's version of each translation that has none yet; {@link Translators.look} starts them. */
export async function openTranslators(
  groups: readonly ReplayGroup[],
  options: TranslatorsOptions,
): Promise<Translators> {
  const { directory, logger } = options;
  const problems = createProblems(logger);
  const translators = new Map<string, Translator>();
  await registerFirst(groups, options);

  const start = async ({ ref, bundle }: RegisteredTranslation, isFirst: boolean): Promise<void> => {
    const name = eventLogName(ref);
    try {
      const translator = await startTallied(ref, bundle, options);
      if (translator) translators.set(name, translator);
      else problems.tell(name, `Translation ${name} waits: there is no source ${ref.source}.`);
      if (translator) problems.solved(name);
    } catch (error) {
      if (isFirst && !isOwnFault(error)) throw error;
      problems.tell(name, error);
    }
  };

  return {
    running: () => [...translators.values()],
    find: (log) => translators.get(eventLogName(log)),
    look: async (isFirst) => {
      for (const one of await registeredTranslations(directory)) {
        if (one.state !== 'running' || translators.has(eventLogName(one.ref))) continue;
        await start(one, isFirst);
      }
    },
    release: async (isNeeded) => {
      const registered = await registeredTranslations(directory);
      const kept = registered.filter(({ state }) => state !== 'retired').map(({ ref }) => eventLogName(ref));
      for (const [name, translator] of translators) {
        if (kept.includes(name) || isNeeded(translator.ref)) continue;
        translators.delete(name);
        await options.tallies?.release(translator.ref);
        await translator.close();
      }
    },
    close: once(() => closeAll([...translators.values()])),
  };
}

async function registerFirst(
  groups: readonly ReplayGroup[],
  { directory, bundles }: TranslatorsOptions,
): Promise<void> {
  const registered = await registeredTranslations(directory);
  for (const { translation } of groups) {
    if (!translation) continue;
    const { ref, bundle } = translation;
    const isKnown = registered.some(
      (one) => one.ref.source === ref.source && one.ref.translation === ref.translation,
    );
    if (isKnown) continue;
    await bundles.put(bundle);
    await registerTranslation(directory, { ref, bundle: bundle.hash, state: 'running' });
  }
}

async function startTallied(
  ref: EventLogRef,
  bundle: string,
  options: TranslatorsOptions,
): Promise<Translator | undefined> {
  const translator = await startOne(ref, bundle, options);
  try {
    if (translator) await options.tallies?.keep(translator);
    return translator;
  } catch (error) {
    await translator?.close();
    throw error;
  }
}

async function startOne(
  ref: EventLogRef,
  bundle: string,
  { directory, bundles, changeLog, announce, logger, signal, times }: TranslatorsOptions,
): Promise<Translator | undefined> {
  const from = changeLog(ref.source);
  if (!from) return undefined;
  const code = await bundles.translation(bundle);
  return startTranslator({
    ...code,
    changeLog: from,
    directory: translationDirectory(directory, ref),
    fileSystem: nodeFileSystem,
    clock: systemClock,
    logger,
    signal,
    announce: (log, announcement) => {
      times.passed(log.source, `translated by ${log.translation}`, announcement.position);
      announce(log, announcement);
    },
  });
}
