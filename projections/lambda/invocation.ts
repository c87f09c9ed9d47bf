import type { DomainEvent } from 'banyan/events';
import { isBanyanError, type Clock, type Logger } from 'banyan/runtime';
import { applyPart, type AppliedPart, type UnorderedTarget } from '../apply-unordered.ts';
import { isBeingBuilt } from '../generation-state.ts';
import { never, timerPause } from '../pause.ts';
import { itemsBusy } from '../unordered-errors.ts';
import { chunkFailureOf } from './chunk-failure.ts';
import { chunksOf, halvesOf, type EventMessage } from './chunks.ts';
import { deadlineOf, type Deadline } from './deadline.ts';
import { eventFields } from './event-fields.ts';
import type { LambdaContext, SqsBatchResponse, SqsRecord } from './function-types.ts';
import { noteProbe } from './note-probe.ts';
import { ownerOf, readRecord, type Reading } from './read-record.ts';
import { figuresOf, writeFigures, type Figures } from './projector-figures.ts';
import type { Seldom } from './seldom.ts';
import type { SqsProjectorOptions } from './sqs-projector.ts';
import { toldError } from './told-error.ts';

/** What an invocation needs. */
export interface InvocationOptions extends SqsProjectorOptions {
  /** Of this invocation. */
  readonly logger: Logger;
  readonly clock: Clock;
  readonly context: LambdaContext;
  readonly targetOf: () => Promise<UnorderedTarget>;
  /** Of the process: each invocation finds the projection parked, until somebody sees to it. */
  readonly parkedLines: Seldom;
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
  /** Of messages that the queue is to forget: all others come again. */
  readonly #taken = new Set<string>();
  readonly #figures: Figures = figuresOf();
  /** The answer was given: what is still on its way has nothing to say. */
  #isAnswered = false;

  constructor(options: InvocationOptions) {
    this.#options = options;
    this.#deadline = deadlineOf(options);
  }

  async run(records: readonly SqsRecord[]): Promise<SqsBatchResponse> {
    const { kind } = await this.#deadline.inTime(this.#workOn(records));
    const again = new Set(records.map(({ messageId }) => messageId).filter((id) => !this.#taken.has(id)));
    if (kind === 'late') this.#sayLate(again.size);
    this.#isAnswered = true;
    this.#figures.returned = again.size;
    const { metrics, generation } = this.#options;
    writeFigures(metrics, generation, this.#figures);
    return { batchItemFailures: [...again].map((itemIdentifier) => ({ itemIdentifier })) };
  }

  /** Never throws. */
  async #workOn(records: readonly SqsRecord[]): Promise<void> {
    try {
      await this.#work(await this.#opened(), records);
    } catch (error) {
      // The registry cannot be read, or does not have the generation, or has it of other code.
      this.#say(error, [], 'What was not taken comes again.');
    }
  }

  /** The target; of a generation that is about to be opened, after it is, as far as that is worth waiting for. */
  async #opened(): Promise<UnorderedTarget> {
    const { targetOf, clock, openingMs = 5000, pause = timerPause } = this.#options;
    const end = clock.now() + openingMs;
    for (let look = 1; ; look += 1) {
      const target = await targetOf();
      const isOver = clock.now() >= end || !this.#deadline.hasTime || this.#isAnswered;
      if (target.generation.state.kind !== 'opening' || isOver) return target;
      // Hundreds of environments look at the same row: about once a second, and not all at once.
      await pause((look === 1 ? 200 : 1000) * (0.5 + Math.random()), never);
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
      if (!this.#deadline.hasTime) {
        this.#sayLate([chunk, ...waiting].flat().length);
        return;
      }
      const now = chunk;
      const next = await this.#deadline.piece(waiting.length + 1, (signal) =>
        this.#apply(target, now, signal),
      );
      if (next === 'split') waiting.unshift(...halvesOf(chunk));
      if (next === 'stop' || this.#isAnswered) return;
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
      this.#say(reading.error, [], undefined, { messageId: reading.messageId });
      return;
    }
    const { probe } = reading;
    try {
      await noteProbe(store, generation, probe);
      this.#take([reading]);
      logger.info({ ...this.#fields, probe: probe.id, probeAt: probe.at }, `Probe ${probe.id} has come.`);
    } catch (error) {
      this.#say(error, [], `Probe ${probe.id} could not be noted; it comes again.`);
    }
  }

  /** Its rebuild reads these events from the log; unless it is choosing its floor, and may have read past them. */
  #notBuilt({ generation }: UnorderedTarget, messages: readonly EventMessage[]): void {
    if (messages.length === 0) return;
    const say = (outcome: string): void =>
      this.#options.logger.info({ ...this.#fields, messages: messages.length }, `${this.#name} ${outcome}.`);
    if (generation.state.kind === 'opening') {
      say('is about to be opened: the messages come again');
    } else {
      this.#take(messages);
      this.#figures.beforeOpening += messages.length;
      say('is being built from the event log: the messages were taken');
    }
  }

  async #apply(
    target: UnorderedTarget,
    chunk: readonly EventMessage[],
    signal: AbortSignal,
  ): Promise<'next' | 'split' | 'stop'> {
    const resolved = await this.#resolve(chunk);
    const events = resolved.map(({ event }) => event);
    try {
      this.#note(resolved, await applyPart(target, events, { signal }));
      return 'next';
    } catch (error) {
      switch (chunkFailureOf(error)) {
        case 'parked':
          this.#take(resolved);
          this.#figures.leftToLog += events.length;
          this.#sayParked(error, events);
          return 'next';
        case 'split':
          if (chunk.length > 1) return 'split';
          this.#say(error, events, 'The message comes again, until it ends in the dead-letter queue.');
          return 'next';
        case 'stop':
          this.#say(error, events, 'The messages come again.');
          return 'stop';
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
        this.#say(error, [], `Event ${reference.id} could not be read from its event log; it comes again.`, {
          eventId: reference.id,
          position: reference.position,
        });
      }
    }
    return resolved;
  }

  #sayLate(messages: number): void {
    if (this.#isAnswered) return;
    this.#figures.outOfTime += 1;
    this.#options.logger.warn(
      { ...this.#fields, messages, remainingMs: this.#options.context.getRemainingTimeInMillis() },
      `The time of this invocation of ${this.#name} is nearly over: what is left of the batch comes again. When this ` +
        'comes often, give the function more time, or its event source smaller batches.',
    );
  }

  /** Of a chunk: what is done is taken. */
  #note(resolved: readonly Resolved[], applied: AppliedPart): void {
    const isLeft = new Set(applied.left.map(({ id }) => id));
    const done = resolved.filter(({ event }) => !isLeft.has(event.id));
    this.#take(done);
    const figures = this.#figures;
    figures.events += applied.events;
    figures.duplicates += applied.duplicates;
    figures.documents += applied.documents;
    figures.conflicts += applied.conflicts;
    figures.parked += applied.parked.length;
    const now = this.#options.clock.now();
    for (const { event } of done) figures.ageMs = Math.max(figures.ageMs, now - Date.parse(event.logTime));
    if (applied.contested.length > 0) {
      const busy = itemsBusy(this.#options.generation, applied.contested);
      this.#say(busy, applied.left, 'Their messages come again; the others were taken.');
    } else if (applied.left.length > 0) this.#sayLate(applied.left.length);
    if (!this.#options.logEvents || this.#isAnswered) return;
    for (const { event } of done)
      this.#options.logger.info(eventFields(this.#options, event), `Event ${event.id} is in ${this.#name}.`);
  }

  #take(messages: Iterable<{ readonly messageId: string }>): void {
    for (const { messageId } of messages) this.#taken.add(messageId);
  }

  /** Each batch meets it until an operator has seen to it: a line a minute is enough. */
  #sayParked(error: unknown, events: readonly DomainEvent[]): void {
    const eventId = isBanyanError(error) ? error.details['eventId'] : undefined;
    const about = typeof eventId === 'string' ? eventId : '';
    const messages = this.#options.parkedLines.due(about, events.length);
    if (messages === undefined) return;
    const outcome = `${String(messages)} messages were taken since this was said last; their events wait in the event log.`;
    this.#say(error, events, outcome, { messages });
  }

  /** A line about what went wrong: with the fields of the event, where it is about one; with ids, where about several. */
  #say(
    thrown: unknown,
    events: readonly DomainEvent[],
    outcome = '',
    more: Readonly<Record<string, unknown>> = {},
  ): void {
    if (this.#isAnswered) return;
    const err = toldError(thrown);
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
