import { once, type Clock, type Closeable } from 'banyan/runtime';
import pg from 'pg';
import type { Session } from './connection.ts';
import { CopyOut } from './copy-out.ts';
import { codeOf, disconnected, failed } from './errors.ts';
import { formatLsn, type Lsn } from './lsn.ts';
import { postgresTimeOf } from './postgres-time.ts';
import { isData, isKeepalive, statusUpdate } from './replication-frames.ts';
import { slotTaken } from './slot.ts';

/** How to follow a slot. */
export interface WalsenderOptions {
  readonly slot: string;
  readonly publications: readonly string[];
  /** Send what committed behind this; it counts as acknowledged. */
  readonly after: Lsn;
  readonly bufferBytes: number;
  readonly idleAfterMs: number;
  /** The server's `wal_sender_timeout`, milliseconds; 0 when it has none. */
  readonly timeoutMs: number;
  /** Whether the server can send logical messages (Postgres 14). */
  readonly sendsMessages: boolean;
  readonly clock: Clock;
}

/** A second acknowledgement within this waits for it: one status update for many transactions. */
const coalesceMs = 100;

/** The replication connection while it streams. */
export class Walsender implements Closeable {
  readonly close = once(() => this.stop());
  private readonly session: Session;
  private readonly options: WalsenderOptions;
  private copy!: CopyOut;
  private acknowledged: Lsn;
  private sentAt = 0;
  private sending: NodeJS.Timeout | undefined;
  private timers: readonly NodeJS.Timeout[] = [];
  /** We asked for a keepalive, or the server wants an answer: the next one goes to the reader. */
  private wanted = false;
  private quiet = true;
  private heardAt: number;

  private constructor(session: Session, options: WalsenderOptions) {
    this.session = session;
    this.options = options;
    this.acknowledged = options.after;
    this.heardAt = options.clock.now();
  }

  /** @throws BanyanError SOURCE_SLOT_TAKEN, SOURCE_DISCONNECTED, SOURCE_FAILED */
  static async start(session: Session, options: WalsenderOptions): Promise<Walsender> {
    const walsender = new Walsender(session, options);
    const failure = (error: unknown): Error =>
      codeOf(error) === '55006'
        ? slotTaken(session.where, options.slot, undefined, error)
        : failed(session.where, `Reading the slot "${options.slot}"`, error);
    walsender.copy = await CopyOut.start(session, startCommand(options), {
      bufferBytes: options.bufferBytes,
      answer: 'replicationStart',
      accept: (frame) => walsender.accept(frame),
      failure,
    });
    session.client.once('end', () => {
      walsender.copy.queue.finish(disconnected(session.where, new Error('the server closed it')));
    });
    // A server that hears nothing for wal_sender_timeout gives up; this goes on while the socket is paused.
    const aliveMs = Math.max(20, Math.min(10_000, options.timeoutMs > 0 ? options.timeoutMs / 3 : 10_000));
    walsender.timers = [
      setInterval(() => {
        walsender.stayAlive();
      }, aliveMs),
      setInterval(() => {
        walsender.askWhenQuiet();
      }, options.idleAfterMs),
    ];
    return walsender;
  }

  /** Frames as they arrived; undefined at the end. */
  take(): Promise<readonly Buffer[] | undefined> {
    return this.copy.queue.take();
  }

  /** Moves forward only. */
  acknowledge(lsn: Lsn): void {
    if (lsn <= this.acknowledged) return;
    this.acknowledged = lsn;
    const waitMs = this.sentAt + coalesceMs - this.options.clock.now();
    if (waitMs <= 0 || waitMs > coalesceMs) this.send(false);
    else
      this.sending ??= setTimeout(() => {
        this.send(false);
      }, waitMs);
  }

  /** Asks the server where it is; the answer comes to the reader as a keepalive. */
  ask(): void {
    this.wanted = true;
    this.send(true);
  }

  /** Runs for every frame as it comes from the socket; keepalives that nobody waits for end here. */
  private accept(frame: Buffer): boolean {
    this.heardAt = this.options.clock.now();
    if (isData(frame)) {
      this.quiet = false;
      return true;
    }
    if (!isKeepalive(frame)) return false;
    const replyRequested = frame[17] === 1;
    if (replyRequested) this.send(false);
    // A server that shuts down asks until all it has sent is acknowledged: the reader must see where it is.
    const pass = this.wanted || replyRequested;
    this.wanted = false;
    return pass;
  }

  private send(replyRequested: boolean): void {
    clearTimeout(this.sending);
    this.sending = undefined;
    this.sentAt = this.options.clock.now();
    this.copy.send(statusUpdate(this.acknowledged, postgresTimeOf(this.sentAt), replyRequested));
  }

  private stayAlive(): void {
    const silentMs = this.options.clock.now() - this.heardAt;
    const limitMs = 3 * Math.max(this.options.timeoutMs, 60_000);
    if (silentMs > limitMs && !this.copy.queue.isFull) {
      const silence = new Error(`the server was silent for ${String(Math.round(silentMs / 1000))} s`);
      this.copy.queue.finish(disconnected(this.session.where, silence));
      this.session.destroy();
      return;
    }
    this.send(false);
  }

  private askWhenQuiet(): void {
    if (this.quiet && !this.wanted) this.ask();
    this.quiet = true;
  }

  private async stop(): Promise<void> {
    for (const timer of this.timers) clearInterval(timer);
    // What was acknowledged last need not be sent again after a restart.
    this.send(false);
    this.copy.queue.abandon();
    await this.session.close();
  }
}

/** Protocol version 1: whole transactions, in commit order, each when it has committed. */
function startCommand(options: WalsenderOptions): string {
  const names = options.publications.map((name) => pg.escapeIdentifier(name)).join(',');
  const settings = [`proto_version '1'`, `publication_names ${pg.escapeLiteral(names)}`];
  if (options.sendsMessages) settings.push(`messages 'true'`);
  const slot = pg.escapeIdentifier(options.slot);
  return `START_REPLICATION SLOT ${slot} LOGICAL ${formatLsn(options.after)} (${settings.join(', ')})`;
}
