import { isBanyanError, openLogReader, openLogWriter, type LogReader, type LogWriter } from 'banyan/runtime';
import { crashDisk, type CrashDisk, type CrashProcess } from './crash-file-system.ts';
import { LogFollower, readEntry, type Entry } from './log-follower.ts';
import { LogWatcher } from './log-watcher.ts';
import { seeded } from './seeded.ts';

/** What may happen to a log. */
export type Step =
  | { readonly do: 'append'; readonly entries: number; readonly bytes: number }
  | { readonly do: 'sync'; readonly wait: boolean }
  | {
      readonly do: 'long';
      readonly lines: number;
      readonly bytes: number;
      readonly syncEvery: number;
      readonly abort: boolean;
    }
  | { readonly do: 'follow'; readonly from: number; readonly outside: boolean }
  | { readonly do: 'read'; readonly from: number }
  /** Another process looks where the log ends, from now on all the time. */
  | { readonly do: 'watch' }
  /** The writer's process dies within so many disk operations, alone or with the power. */
  | { readonly do: 'die'; readonly within: number; readonly power: boolean }
  | { readonly do: 'crash' }
  | { readonly do: 'reopen' }
  /** Another process takes the log, while the writer goes on. */
  | { readonly do: 'takeOver'; readonly meanwhile: number }
  /** An overtaken writer goes on. */
  | { readonly do: 'stale'; readonly entries: number };

export interface Payload {
  readonly text: string;
}

interface HistoryOptions {
  readonly seed: number;
  readonly segmentBytes: number;
  readonly bufferBytes: number;
  readonly codec: 'zst' | 'gz';
}

/** A writer, its process, and every entry that it and those before it committed. */
interface Writing {
  readonly process: CrashProcess;
  readonly log: LogWriter<Payload>;
  readonly entries: Map<number, string>;
}

const directory = '/log';

/** Drives a log on a disk that forgets through a history, beside a model of what must be in it. */
export class LogHistory {
  readonly violations: string[] = [];
  readonly #options: HistoryOptions;
  readonly #random: () => number;
  readonly #disk: CrashDisk;
  readonly #followers: LogFollower[] = [];
  readonly #watchers: LogWatcher[] = [];
  readonly #stale: Writing[] = [];
  #writing: Writing | undefined;
  #acknowledged = 0;
  /** The greatest position that a watcher was shown. */
  #shown = 0;
  #powerFails = false;
  #texts = 0;

  constructor(options: HistoryOptions) {
    this.#options = options;
    this.#random = seeded(options.seed);
    this.#disk = crashDisk({ random: this.#random, pageBytes: 64 });
  }

  async run(steps: readonly Step[]): Promise<void> {
    this.#writing = await this.#open(new Map());
    try {
      for (const step of steps) {
        await this.#step(step);
        await this.#reviveIfDead();
      }
      this.#now.process.killAt(Infinity);
      for (const follower of this.#followers) await follower.stop();
      await this.#reopen();
    } finally {
      for (const watcher of this.#watchers) await watcher.stop();
    }
    await this.#checkAll();
    await this.#writing.log.close();
  }

  get #now(): Writing {
    if (this.#writing === undefined) throw new Error('no writer');
    return this.#writing;
  }

  async #step(step: Step): Promise<void> {
    try {
      await this.#perform(step);
    } catch (error) {
      if (!this.#now.process.dead) throw error;
    }
  }

  #perform(step: Step): Promise<void> | void {
    switch (step.do) {
      case 'append':
        for (let n = 0; n < step.entries; n++) this.#append(this.#now, step.bytes);
        return this.#now.log.ready();
      case 'sync':
        if (step.wait) return this.#sync(this.#now);
        this.#sync(this.#now).catch(() => undefined);
        return;
      case 'long':
        return this.#long(step);
      case 'follow':
        return this.#follow(step.from, step.outside);
      case 'read':
        return this.#readOutside(step.from);
      case 'watch':
        this.#watch();
        return;
      case 'die':
        this.#now.process.killAt(step.within);
        this.#powerFails = step.power;
        return;
      case 'crash': {
        this.#disk.crash();
        return;
      }
      case 'reopen':
        return this.#reopen();
      case 'takeOver':
        return this.#takeOver(step.meanwhile);
      case 'stale':
        return this.#goOnStale(step.entries);
    }
  }

  #payload(bytes: number): Payload {
    return { text: `${++this.#texts} ${'ä"x'.repeat(bytes)}`.slice(0, bytes + 8) };
  }

  #append({ log, entries }: Writing, bytes: number): void {
    const payload = this.#payload(bytes);
    const position = log.committed + 1;
    log.append(position, payload);
    entries.set(position, JSON.stringify([payload.text]));
  }

  async #sync({ log }: Writing): Promise<void> {
    const { committed } = log;
    await log.sync();
    this.#acknowledged = Math.max(this.#acknowledged, committed);
  }

  async #long(step: Step & { do: 'long' }): Promise<void> {
    const { log, entries } = this.#now;
    const position = log.committed + 1;
    const entry = log.begin(position);
    const texts: string[] = [];
    for (let line = 1; line < step.lines; line++) {
      const payload = this.#payload(step.bytes);
      await entry.write(payload);
      texts.push(payload.text);
      if (line % step.syncEvery === 0) await this.#sync(this.#now);
    }
    if (step.abort) return entry.abort();
    const payload = this.#payload(step.bytes);
    texts.push(payload.text);
    // From here on it may be found, whatever happens.
    entries.set(position, JSON.stringify(texts));
    await entry.commit(payload);
  }

  async #follow(from: number, outside: boolean): Promise<void> {
    const process = outside ? this.#disk.process() : this.#now.process;
    const reader: LogReader<Payload> = outside
      ? await openLogReader<Payload>({ directory, fileSystem: process })
      : this.#now.log;
    this.#followers.push(new LogFollower(reader, from, process, this.#random));
  }

  /** Another process reads once: it must find all that was acknowledged. */
  async #readOutside(from: number): Promise<void> {
    const acknowledged = this.#acknowledged;
    const reader = await openLogReader<Payload>({ directory, fileSystem: this.#disk.process() });
    const seen: Entry[] = [];
    for await (const batch of reader.read({ from, batchBytes: 300 })) seen.push(...batch.map(readEntry));
    this.#checkSeen('a reader', from, seen);
    const last = seen.at(-1)?.position ?? 0;
    if (acknowledged >= from && last < acknowledged)
      this.#violated(`a reader ended at ${last}, not ${acknowledged}`);
    await reader.close();
  }

  #watch(): void {
    const watcher = new LogWatcher({
      directory,
      random: this.#random,
      process: () => this.#disk.process(),
      known: () => Math.max(this.#acknowledged, this.#shown),
      onEnd: (position) => (this.#shown = Math.max(this.#shown, position)),
      violated: (what) => this.#violated(what),
    });
    this.#watchers.push(watcher);
  }

  async #open(before: ReadonlyMap<number, string>, process = this.#disk.process()): Promise<Writing> {
    const { segmentBytes, bufferBytes, codec } = this.#options;
    const log = await openLogWriter<Payload>({
      directory,
      fileSystem: process,
      owner: 'the test',
      kind: 'change-log',
      name: 'shop',
      dense: true,
      segmentBytes,
      bufferBytes,
      codec,
      isAlive: () => false,
    });
    const { committed } = log;
    if (committed < this.#acknowledged)
      this.#violated(`reopened at ${committed}, acknowledged ${this.#acknowledged}`);
    // What the opening kept is durable, and stays.
    this.#acknowledged = Math.max(this.#acknowledged, committed);
    return { process, log, entries: new Map([...before].filter(([position]) => position <= committed)) };
  }

  async #reopen(): Promise<void> {
    await this.#now.log.close();
    this.#writing = await this.#open(this.#now.entries);
    await this.#checkAll();
  }

  async #reviveIfDead(): Promise<void> {
    while (this.#now.process.dead) {
      if (this.#powerFails) this.#disk.crash();
      this.#powerFails = false;
      const process = this.#disk.process();
      // Sometimes it dies again while it recovers.
      if (this.#random() < 0.4) process.killAt(1 + Math.floor(this.#random() * 20));
      if (this.#random() < 0.5) this.#powerFails = true;
      try {
        this.#writing = await this.#open(this.#now.entries, process);
        await this.#checkAll();
      } catch (error) {
        if (!process.dead) throw error;
      }
      if (process.dead) this.#disk.crash();
    }
  }

  async #takeOver(meanwhile: number): Promise<void> {
    const old = this.#now;
    const going = this.#goOnLate(old, meanwhile);
    const next = await this.#openAtLast();
    await going;
    this.#stale.push(old);
    for (const [position, texts] of old.entries)
      if (position <= next.log.committed) next.entries.set(position, texts);
    this.#writing = next;
  }

  /** Opens the log with a process that may die at it, then with another. */
  async #openAtLast(): Promise<Writing> {
    for (;;) {
      const process = this.#disk.process();
      if (this.#random() < 0.5) process.killAt(1 + Math.floor(this.#random() * 20));
      try {
        const opened = await this.#open(new Map(), process);
        process.killAt(Infinity);
        return opened;
      } catch (error) {
        if (!process.dead) throw error;
      }
    }
  }

  async #goOnStale(entries: number): Promise<void> {
    for (const stale of this.#stale) await this.#goOn(stale, entries);
  }

  /** As a process that was held up anywhere, while another takes its log. */
  async #goOnLate(writing: Writing, entries: number): Promise<void> {
    for (let turns = Math.floor(this.#random() * 150); turns > 0; turns--)
      await new Promise((resolve) => setImmediate(resolve));
    await this.#goOn(writing, entries);
  }

  /** A writer that may be overtaken appends and syncs; being refused is right, being acknowledged must hold. */
  async #goOn(writing: Writing, entries: number): Promise<void> {
    try {
      for (let n = 0; n < entries; n++) {
        this.#append(writing, 60);
        await this.#sync(writing);
      }
    } catch (error) {
      const isRefused = isBanyanError(error, 'LOG_FENCED') || writing.process.dead;
      if (!isRefused) this.#violated(`an overtaken writer failed otherwise: ${String(error)}`);
    }
  }

  async #checkAll(): Promise<void> {
    const { log, entries, process } = this.#now;
    const seen: Entry[] = [];
    for await (const batch of log.read({ from: 1 })) seen.push(...batch.map(readEntry));
    const expected = [...entries].filter(([position]) => position <= log.durable);
    if (seen.length !== expected.length) this.#violated(`${seen.length} entries, not ${expected.length}`);
    this.#checkSeen('the log', 1, seen);
    for (const { from, seen } of this.#followers) this.#checkSeen('a follower', from, seen);
    for (const { seen } of this.#watchers)
      for (const { position, texts } of seen)
        if (texts !== entries.get(position)) this.#violated(`position ${position} was shown and taken back`);
    const reader = await openLogReader<Payload>({ directory, fileSystem: process });
    for await (const found of reader.verify())
      if (found.kind === 'damage') this.#violated(found.error.message);
    await reader.close();
  }

  #checkSeen(who: string, from: number, seen: readonly Entry[]): void {
    const { entries } = this.#now;
    let expected = from;
    for (const { position, texts } of seen) {
      if (position !== expected) this.#violated(`${who} saw position ${position}, not ${expected}`);
      if (texts !== entries.get(position))
        this.#violated(`${who} saw ${texts.slice(0, 60)} at position ${position}`);
      expected = position + 1;
    }
  }

  #violated(what: string): void {
    this.violations.push(what);
  }
}
