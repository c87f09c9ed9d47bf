import { setTimeout as wait } from 'node:timers/promises';
import type { DomainEvent } from 'banyan/events';
import { toError, type Clock, type Logger } from 'banyan/runtime';
import { applyUnordered, type AppliedUnordered, type UnorderedTarget } from '../apply-unordered.ts';
import { isBeingBuilt } from '../generation-state.ts';
import { chunkFailureOf } from './chunk-failure.ts';
import { chunksOf, halvesOf, type EventMessage } from './chunks.ts';
import { deadlineOf, type Deadline } from './deadline.ts';
import { eventFields } from './event-fields.ts';
import type { LambdaContext, SqsBatchResponse, SqsRecord } from './function-types.ts';
import { noteProbe } from './note-probe.ts';
import { ownerOf, readRecord, type Reading } from './read-record.ts';
import { figuresOf, writeFigures, type Figures } from './projector-figures.ts';
import type { SqsProjectorOptions } from './sqs-projector.ts';

/** What an invocation needs. */
export interface InvocationOptions extends SqsProjectorOptions {
  /** Of this invocation. */
  readonly logger: Logger;
  readonly clock: Clock;
  readonly context: LambdaContext;
  readonly targetOf: () => Promise<UnorderedTarget>;
}

/** A message with its event in full. */
interface Resolved {
  readonly messageId: string;
  readonly event: DomainEvent;
}

/** One batch of messages on its way into the view. */
export class Invocation {
  readonly #options: InvocationOptions;
  readonly #deadline: Deadline;
  readonly #again = new Set<string>();
  readonly #figures: Figures = figuresOf();

  constructor(options: InvocationOptions) {
    this.#options = options;
    this.#deadline = deadlineOf(options.context, options.marginMs ?? 5000);
  }

  async run(records: readonly SqsRecord[]): Promise<SqsBatchResponse> {
    try {
      await this.#work(await this.#opened(), records);
    } catch (error) {
      // The registry cannot be read, or does not have the generation.
      this.#return(records);
      this.#say(error, [], 'No message was taken; all come again.');
    }
    this.#figures.returned = this.#again.size;
    const { metrics, generation } = this.#options;
    writeFigures(metrics, generation, this.#figures);
    return { batchItemFailures: [...this.#again].map((itemIdentifier) => ({ itemIdentifier })) };
  }

  /** The target; of a generation that is about to be opened, after it is, as far as that is worth waiting for. */
  async #opened(): Promise<UnorderedTarget> {
    const { targetOf, clock, openingMs = 5000 } = this.#options;
    const end = clock.now() + openingMs;
    for (;;) {
      const target = await targetOf();
      const isOver = clock.now() >= end || !this.#deadline.hasTime;
      if (target.generation.state.kind !== 'opening' || isOver) return target;
      await wait(100);
    }
  }

  async #work(target: UnorderedTarget, records: readonly SqsRecord[]): Promise<void> {
    const owner = ownerOf(target.generation);
    const messages: EventMessage[] = [];
    for (const reading of records.map((record) => readRecord(owner, record))) {
      if (reading.kind === 'event' || reading.kind === 'reference') messages.push(reading);
      else await this.#takeOther(reading, target);
    }
    if (isBeingBuilt(target.generation)) {
      this.#notBuilt(target, messages);
      return;
    }
    const waiting = chunksOf(messages, this.#options.chunkEvents ?? 500);
    for (let chunk = waiting.shift(); chunk; chunk = waiting.shift()) {
      const now = chunk;
      const next = this.#deadline.hasTime
        ? await this.#deadline.timed(() => this.#apply(target, now))
        : this.#outOfTime(chunk);
      if (next === 'split') waiting.unshift(...halvesOf(chunk));
      if (next !== 'stop') continue;
      for (const left of waiting.splice(0)) this.#return(left);
    }
  }

  /** Of a message without an event. */
  async #takeOther(
    reading: Exclude<Reading, EventMessage>,
    { store, generation }: UnorderedTarget,
  ): Promise<void> {
    const { logger } = this.#options;
    if (reading.kind === 'refused') {
      this.#figures.refused += 1;
      this.#return([reading]);
      this.#say(reading.error, [], undefined, { messageId: reading.messageId });
      return;
    }
    const { probe } = reading;
    try {
      await noteProbe(store, generation, probe);
      logger.info({ ...this.#fields, probe: probe.id, probeAt: probe.at }, `Probe ${probe.id} has come.`);
    } catch (error) {
      this.#return([reading]);
      this.#say(error, [], `Probe ${probe.id} could not be noted; it comes again.`);
    }
  }

  /** Its rebuild reads these events from the log; unless it is choosing its floor, and may have read past them. */
  #notBuilt({ generation }: UnorderedTarget, messages: readonly EventMessage[]): void {
    if (messages.length === 0) return;
    const say = (outcome: string): void =>
      this.#options.logger.info({ ...this.#fields, messages: messages.length }, `${this.#name} ${outcome}.`);
    if (generation.state.kind === 'opening') {
      this.#return(messages);
      say('is about to be opened: the messages come again');
    } else {
      this.#figures.beforeOpening += messages.length;
      say('is being built from the event log: the messages were taken');
    }
  }

  async #apply(target: UnorderedTarget, chunk: readonly EventMessage[]): Promise<'next' | 'split' | 'stop'> {
    const resolved = await this.#resolve(chunk);
    const events = resolved.map(({ event }) => event);
    try {
      this.#note(await applyUnordered(target, events), events);
      return 'next';
    } catch (error) {
      const failure = chunkFailureOf(error);
      switch (failure) {
        case 'parked':
          this.#figures.leftToLog += events.length;
          this.#say(error, events, 'The messages were taken; their events wait in the event log.');
          return 'next';
        case 'split':
          if (chunk.length > 1) return 'split';
          this.#return(resolved);
          this.#say(error, events, 'The message comes again, until it ends in the dead-letter queue.');
          return 'next';
        case 'again':
        case 'stop':
          this.#return(resolved);
          this.#say(error, events, 'The messages come again.');
          return failure === 'stop' ? 'stop' : 'next';
      }
    }
  }

  /** Reads large events from their logs, one after the other: some may be large indeed. */
  async #resolve(chunk: readonly EventMessage[]): Promise<Resolved[]> {
    const resolved: Resolved[] = [];
    for (const message of chunk) {
      if (message.kind === 'event') {
        resolved.push(message);
        continue;
      }
      const { messageId, reference } = message;
      try {
        resolved.push({ messageId, event: await this.#options.resolve(reference) });
      } catch (error) {
        this.#return([message]);
        this.#say(error, [], `Event ${reference.id} could not be read from its event log; it comes again.`, {
          eventId: reference.id,
          position: reference.position,
        });
      }
    }
    return resolved;
  }

  #outOfTime(chunk: readonly EventMessage[]): 'stop' {
    this.#return(chunk);
    this.#figures.outOfTime += 1;
    this.#options.logger.warn(
      { ...this.#fields, remainingMs: this.#options.context.getRemainingTimeInMillis() },
      `The time of this invocation of ${this.#name} is nearly over: what is left of the batch comes again. When this ` +
        'comes often, give the function more time, or smaller batches.',
    );
    return 'stop';
  }

  #note(applied: AppliedUnordered, events: readonly DomainEvent[]): void {
    const figures = this.#figures;
    figures.events += applied.events;
    figures.duplicates += applied.duplicates;
    figures.documents += applied.documents;
    figures.conflicts += applied.conflicts;
    figures.parked += applied.parked.length;
    const now = this.#options.clock.now();
    for (const { logTime } of events) figures.ageMs = Math.max(figures.ageMs, now - Date.parse(logTime));
    if (!this.#options.logEvents) return;
    for (const event of events)
      this.#options.logger.info(eventFields(this.#options, event), `Event ${event.id} is in ${this.#name}.`);
  }

  #return(messages: Iterable<{ readonly messageId: string }>): void {
    for (const { messageId } of messages) this.#again.add(messageId);
  }

  /** A line about what went wrong: with the fields of the event, where it is about one; with ids, where about several. */
  #say(
    thrown: unknown,
    events: readonly DomainEvent[],
    outcome = '',
    more: Readonly<Record<string, unknown>> = {},
  ): void {
    const err = toError(thrown);
    const [event] = events;
    const about =
      event && events.length === 1
        ? eventFields(this.#options, event)
        : { ...this.#fields, events: events.length, eventIds: events.slice(0, 20).map(({ id }) => id) };
    this.#options.logger.error({ ...about, ...more, err }, `${err.message} ${outcome}`.trim());
  }

  get #fields(): Record<string, unknown> {
    const { generation, group } = this.#options;
    return { group, projection: generation.projection, generation: generation.number };
  }

  get #name(): string {
    const { projection, number } = this.#options.generation;
    return `view ${projection}, generation ${number}`;
  }
}
