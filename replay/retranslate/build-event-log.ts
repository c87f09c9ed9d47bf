import type { ChangeLogLine } from 'banyan/cdc';
import { eventLogName, startTranslator, type Translator } from 'banyan/events';
import {
  BanyanError,
  closeAll,
  nodeFileSystem,
  openLogReader,
  type Closeable,
  type Logger,
} from 'banyan/runtime';
import { changeLogDirectory, translationDirectory } from '../places.ts';
import type { ReplayProject, ReplayTranslation } from '../project.ts';
import { changeTranslation, registerTranslation, registeredTranslations } from '../translations.ts';

/** How far the translating is. */
export interface TranslateProgress {
  readonly log: string;
  /** Positions of the change log that were translated, and how many there are. */
  readonly position: number;
  readonly positions: number;
  readonly events: number;
}

/** What building an event log came to. */
export interface TranslatedLog extends TranslateProgress {
  readonly seconds: number;
}

export interface BuildEventLogOptions {
  readonly project: ReplayProject;
  readonly translation: ReplayTranslation;
  readonly logger: Logger;
  /** Aborting ends it where it is; the next call goes on there. */
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: TranslateProgress) => void;
}

/** Positions that may be left when the running translators take over: they are there within a moment. */
const nearly = 1000;

/**
 * Builds the event log of a new version of a translation from the first position of the change log to the present,
 * and hands it to the running translators. Killed at any instant, it goes on where its event log ends.
 * @throws BanyanError REPLAY_OTHER_CODE when it was begun with other code; TRANSLATION_FAILED, LOG_NOT_FOUND, LOG_FENCED or another of the log when somebody else builds it
 */
export async function buildEventLog(options: BuildEventLogOptions): Promise<TranslatedLog> {
  const { project, translation } = options;
  const { ref, bundle } = translation;
  const began = performance.now();
  await project.bundles.put(bundle);
  const name = eventLogName(ref);
  const known = (await registeredTranslations(project.directory)).find(
    (one) => eventLogName(one.ref) === name,
  );
  if (known && known.bundle !== bundle.hash) throw otherCode(name, ref.version);
  if (!known) await registerTranslation(project.directory, { ref, bundle: bundle.hash, state: 'building' });
  const done = await translateToHead(options);
  await changeTranslation(project.directory, ref, 'building', 'running');
  return { ...done, seconds: (performance.now() - began) / 1000 };
}

async function translateToHead(options: BuildEventLogOptions): Promise<TranslateProgress> {
  const { project, translation, logger, signal, onProgress } = options;
  const started: Closeable[] = [];
  const changeLog = await openLogReader<ChangeLogLine>({
    directory: changeLogDirectory(project.directory, translation.ref.source),
    fileSystem: nodeFileSystem,
  });
  started.push(changeLog);
  try {
    const translator = await startTranslator({
      translation: translation.translation,
      events: translation.events,
      changeLog,
      directory: translationDirectory(project.directory, translation.ref),
      fileSystem: nodeFileSystem,
      logger,
      signal,
    });
    started.push(translator);
    const progress = (positions: number): TranslateProgress => {
      const { position, events } = translator.status();
      return { log: eventLogName(translation.ref), position, positions, events };
    };
    for (;;) {
      const positions = (await changeLog.head())?.position ?? 0;
      await until(translator, positions, () => onProgress?.(progress(positions)), signal);
      const now = (await changeLog.head())?.position ?? 0;
      if (now - positions <= nearly) return progress(positions);
    }
  } finally {
    await closeAll(started);
  }
}

/** Waits until the translator has come to the position; rejects with what stopped it. */
async function until(
  translator: Translator,
  position: number,
  tell: () => void,
  signal: AbortSignal,
): Promise<void> {
  const ticker = setInterval(tell, 200);
  try {
    while (translator.status().position < position) {
      signal.throwIfAborted();
      await Promise.race([translator.ended, new Promise((resolve) => setTimeout(resolve, 20))]);
    }
    tell();
  } finally {
    clearInterval(ticker);
  }
}

/** What was translated stays as it is, so a log must not hold events of two codes. */
function otherCode(log: string, version: number): BanyanError {
  return new BanyanError(
    'REPLAY_OTHER_CODE',
    `The event log ${log} was begun with other code than this, and keeps what that made. Give the translation version ` +
      `${version + 1} and start again, or put the code back as it was.`,
    { details: { log } },
  );
}
