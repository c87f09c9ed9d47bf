import { join } from 'node:path';
import {
  eventLogName,
  type EventDelivery,
  type LogCursor,
  type Publishing,
  type Translator,
} from 'banyan/events';
import { translationDirectory, type RegisteredTranslation } from 'banyan/replay';
import { closeAll, once, toError, type Closeable } from 'banyan/runtime';
import { createProblems, type PartOptions } from '../dev/parts.ts';
import { openTallies, type Tallies } from '../dev/unordered/tallies.ts';

/** The event logs that are written in this process, as they go onto the bus. */
export interface Publications extends Closeable, Pick<Tallies, 'release'> {
  /** Keeps the tallies of a translator's event log and publishes both, from where its version is to begin. */
  keep(translator: Translator, registered: Pick<RegisteredTranslation, 'publishFrom'>): Promise<void>;
  /** Begins again with those that the bus has refused. */
  look(): Promise<void>;
}

interface PublicationsOptions extends Pick<PartOptions, 'directory' | 'logger' | 'signal'> {
  readonly delivery: EventDelivery;
}

/** A translator, and what publishes its event log. */
interface Published {
  readonly translator: Translator;
  readonly from: LogCursor | undefined;
  publishing:
    | { readonly kind: 'running' | 'stopped'; readonly one: Publishing }
    /** It could not begin. */
    | { readonly kind: 'none' };
}

/**
 * Begins without any. A bus that refuses for good (it is gone, or may not be used) stops what is published and nothing
 * else: it is told, and tried again with each look, since the events are safe in their log.
 */
export function openPublications(options: PublicationsOptions): Publications {
  const { directory, logger, signal, delivery } = options;
  const tallies = openTallies(options);
  const problems = createProblems(logger);
  const published = new Map<string, Published>();

  const start = async (published: Published): Promise<void> => {
    const { from, translator } = published;
    const { ref, eventLog } = translator;
    const name = eventLogName(ref);
    const counted = tallies.logOf(ref);
    if (!counted) return;
    const to = join(translationDirectory(directory, ref), 'published');
    const log = { ref, eventLog, tallies: counted, directory: to, ...(from && { from }) };
    try {
      await stop(published);
      const one = await delivery.publish(log, { logger, signal });
      published.publishing = { kind: 'running', one };
      one.ended.catch((error: unknown) => {
        published.publishing = { kind: 'stopped', one };
        problems.tell(name, toError(error));
      });
    } catch (error) {
      problems.tell(name, toError(error));
    }
  };

  return {
    keep: async (translator, { publishFrom }) => {
      await tallies.keep(translator);
      const from = publishFrom === undefined ? undefined : { position: publishFrom };
      const one: Published = { translator, from, publishing: { kind: 'none' } };
      published.set(eventLogName(translator.ref), one);
      await start(one);
    },
    release: async (ref) => {
      const name = eventLogName(ref);
      const one = published.get(name);
      published.delete(name);
      if (one) await stop(one);
      await tallies.release(ref);
    },
    look: async () => {
      for (const [name, one] of published) {
        // It has gone on since the look before.
        if (one.publishing.kind === 'running') problems.solved(name);
        else await start(one);
      }
    },
    close: once(async () => {
      const all = [...published.values()].map((one) => ({ close: () => stop(one) }));
      await closeAll([tallies, ...all]);
    }),
  };
}

/** Closes what publishes, also when it has stopped by itself. */
async function stop(published: Published): Promise<void> {
  const { publishing } = published;
  if (publishing.kind === 'none') return;
  published.publishing = { kind: 'none' };
  await publishing.one.close();
}
