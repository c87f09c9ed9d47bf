import { AsyncLocalStorage } from 'node:async_hooks';
import { randomBytes } from 'node:crypto';
import { systemClock, type Clock } from '../clock.ts';
import {
  noTracer,
  type CallOutcome,
  type Span,
  type TracedCall,
  type TracedWork,
  type Tracer,
} from './tracer.ts';
import { daemonAt, type XrayDaemon } from './xray-daemon.ts';
import {
  callDocument,
  linksOf,
  parentOf,
  workDocument,
  type Link,
  type Parent,
  type Subsegment,
} from './xray-documents.ts';

/** How an X-Ray tracer behaves. */
export interface XrayTracerOptions {
  /** `address:port` of the daemon, UDP. Default: AWS_XRAY_DAEMON_ADDRESS, as Lambda sets it. */
  readonly daemon?: string;
  /** The trace header of the invocation under way. Default: _X_AMZN_TRACE_ID, as Lambda sets it each time. */
  readonly header?: () => string | undefined;
  /** Calls of a trace that are shown; of those that fail, twice as many. X-Ray takes 500 KB a trace. Default 200. */
  readonly mostCalls?: number;
  readonly clock?: Clock;
}

/**
 * Shows in AWS X-Ray what a function does, while Lambda's active tracing samples its invocation: a subsegment for each
 * work and each call, sent to the daemon that Lambda runs beside the function, a datagram each. Work is sent when it
 * begins, too, so that the trace of a function that was cut off shows how far it came. Otherwise nothing is done.
 */
export function xrayTracer(options: XrayTracerOptions = {}): Tracer {
  const daemon = daemonAt(options.daemon ?? process.env['AWS_XRAY_DAEMON_ADDRESS']);
  return daemon ? new XrayTracer(daemon, options) : noTracer;
}

/** Calls of the trace that was seen last. */
interface Budget {
  readonly traceId: string;
  shown: number;
  leftOut: number;
}

class XrayTracer implements Tracer {
  readonly #daemon: XrayDaemon;
  readonly #clock: Clock;
  readonly #header: () => string | undefined;
  readonly #mostCalls: number;
  /** The work that is under way, where it is. */
  readonly #within = new AsyncLocalStorage<Parent>();
  #budget: Budget = { traceId: '', shown: 0, leftOut: 0 };

  constructor(
    daemon: XrayDaemon,
    {
      clock = systemClock,
      header = () => process.env['_X_AMZN_TRACE_ID'],
      mostCalls = 200,
    }: XrayTracerOptions,
  ) {
    this.#daemon = daemon;
    this.#clock = clock;
    this.#header = header;
    this.#mostCalls = mostCalls;
  }

  async traced<Result>(work: TracedWork, run: (span: Span) => Promise<Result>): Promise<Result> {
    const outer = this.#within.getStore();
    const parent = outer ?? parentOf(this.#header());
    if (!parent) return noTracer.traced(work, run);
    const subsegment = this.#begin(parent);
    let annotations = work.annotations ?? {};
    let links: readonly Link[] = [];
    const send = (failure?: { readonly error: unknown }): void => {
      const end = { at: this.#clock.now(), ...(failure && { failure }) };
      const { leftOut } = this.#budgetOf(parent);
      if (!outer && leftOut > 0) annotations = { ...annotations, callsLeftOut: leftOut };
      this.#daemon.send(() => workDocument(subsegment, work.name, annotations, links, end));
    };
    this.#daemon.send(() => {
      links = linksOf(work.links?.() ?? []);
      return workDocument(subsegment, work.name, annotations, links);
    });
    const annotate = (more: typeof annotations): void => void (annotations = { ...annotations, ...more });
    try {
      const here = { traceId: parent.traceId, id: subsegment.id };
      const result = await this.#within.run(here, () => run({ annotate }));
      send();
      return result;
    } catch (error) {
      send({ error });
      throw error;
    } finally {
      // Behind the last work the function is frozen.
      if (!outer) await this.#daemon.sent();
    }
  }

  async called<Result>(
    call: TracedCall,
    run: (tell: (outcome: CallOutcome) => void) => Promise<Result>,
  ): Promise<Result> {
    const parent = this.#within.getStore() ?? parentOf(this.#header());
    if (!parent) return noTracer.called(call, run);
    const subsegment = this.#begin(parent);
    let outcome: CallOutcome = {};
    const send = (failure?: { readonly error: unknown }): void => {
      const end = { at: this.#clock.now(), ...(failure && { failure }) };
      if (this.#isShown(parent, failure !== undefined))
        this.#daemon.send(() => callDocument(subsegment, call, outcome, end));
    };
    try {
      const result = await run((told) => (outcome = told));
      send();
      return result;
    } catch (error) {
      send({ error });
      throw error;
    }
  }

  #begin(parent: Parent): Subsegment {
    return { id: randomBytes(8).toString('hex'), parent, began: this.#clock.now() };
  }

  #isShown(parent: Parent, hasFailed: boolean): boolean {
    const budget = this.#budgetOf(parent);
    const isShown = budget.shown < this.#mostCalls * (hasFailed ? 2 : 1);
    if (isShown) budget.shown += 1;
    else budget.leftOut += 1;
    return isShown;
  }

  #budgetOf({ traceId }: Parent): Budget {
    if (this.#budget.traceId !== traceId) this.#budget = { traceId, shown: 0, leftOut: 0 };
    return this.#budget;
  }
}
