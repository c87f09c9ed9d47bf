import { eventLogName, type EventDelivery, type Publishing, type Translator } from 'banyan/events';
import { closeAll, once, toError, type Closeable } from 'banyan/runtime';
import { createProblems, type PartOptions } from '../dev/parts.ts';
import { openTallies, type Tallies } from '../dev/unordered/tallies.ts';
import { publishedDirectory } from './published-directory.ts';
import type { Subscribers } from './subscribers.ts';

/** The event logs that are written in this process, as they go onto the bus. */
export interface Publications extends Closeable, Pick<Tallies, 'keep' | 'release'> {
  /**
   * Begins to publish what somebody reads by now, and again what the bus has refused, after a while that grows.
   * @param read the subscribers as they are when it is called
   */
  look(read: () => Promise<Subscribers>): Promise<Subscribers>;
}

/** Between attempts, milliseconds. */
const leastPauseMs = 1000;
const mostPauseMs = 60_000;

interface PublicationsOptions extends Pick<PartOptions, 'directory' | 'logger' | 'signal'> {
  readonly delivery: EventDelivery;
}

/** A translator, and what publishes its event log. */
interface Published {
  readonly translator: Translator;
  /** Attempts that ended in a refusal, one after the other; when the next is due. */
  refused: number;
  due: number;
  publishing:
    | { readonly kind: 'running' | 'stopped'; readonly one: Publishing }
    /** It could not begin. */
    | { readonly kind: 'none' };
}

/**
 * Begins without any. A bus that refuses for good (it is gone, or may not be used) stops what is published and nothing
 * else: it is told, and tried again after a while that grows, since the events are safe in their log.
 */
export function openPublications(options: PublicationsOptions): Publications {
  const { directory, logger, signal, delivery } = options;
  const tallies = openTallies(options);
  const problems = createProblems(logger);
  const published = new Map<string, Published>();

  const failed = (published: Published, error: unknown): void => {
    published.refused += 1;
    published.due = performance.now() + Math.min(mostPauseMs, leastPauseMs * 2 ** (published.refused - 1));
    problems.tell(eventLogName(published.translator.ref), toError(error));
  };

  const start = async (published: Published, position: number): Promise<void> => {
    const { ref, eventLog } = published.translator;
    const counted = tallies.logOf(ref);
    if (!counted) return;
    const to = publishedDirectory(directory, ref);
    const log = { ref, eventLog, tallies: counted, directory: to, from: { position } };
    try {
      await stop(published);
      const one = await delivery.publish(log, { logger, signal });
      published.publishing = { kind: 'running', one };
      one.ended.catch((error: unknown) => {
        published.publishing = { kind: 'stopped', one };
        failed(published, error);
      });
    } catch (error) {
      failed(published, error);
    }
  };

  return {
    keep: async (translator) => {
      await tallies.keep(translator);
      const one: Published = { translator, refused: 0, due: 0, publishing: { kind: 'none' } };
      published.set(eventLogName(translator.ref), one);
    },
    release: async (ref) => {
      const name = eventLogName(ref);
      const one = published.get(name);
      published.delete(name);
      if (one) await stop(one);
      await tallies.release(ref);
    },
    look: async (read) => {
      const waiting: { readonly one: Published; readonly end: number }[] = [];
      for (const [name, one] of published) {
        if (one.publishing.kind === 'running') {
          // It has gone on since the look before.
          problems.solved(name);
          one.refused = 0;
        } else if (performance.now() >= one.due) {
          waiting.push({ one, end: (await one.translator.eventLog.head())?.position ?? 0 });
        }
      }
      const subscribers = await read();
      for (const { one, end } of waiting) {
        const from = await subscribers.publishFrom(one.translator.ref, end);
        if (from !== undefined) await start(one, from);
      }
      return subscribers;
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
