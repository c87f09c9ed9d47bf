/** What a trace tells of work, to be searched by. Many read traces: no payload, key or message of an error is for them. */
export type Annotations = Readonly<Record<string, string | number | boolean>>;

/** Work of a function. */
export interface TracedWork {
  readonly name: string;
  readonly annotations?: Annotations;
  /** W3C trace contexts (`traceparent`) of what the work is about; asked for only while it is traced. */
  readonly links?: () => Iterable<string>;
}

/** A call of a service of AWS, with all its attempts. */
export interface TracedCall {
  /** As AWS names it: `DynamoDB`. */
  readonly service: string;
  /** As in the service's API: `PutItem`. */
  readonly operation: string;
  readonly region?: string;
  /** Of DynamoDB. */
  readonly tables?: readonly string[];
  /** Of SQS: its URL. */
  readonly queue?: string;
}

/** How a call ended. */
export interface CallOutcome {
  readonly attempts?: number;
  /** Of HTTP. */
  readonly status?: number;
  readonly requestId?: string;
}

/** Work under way. */
export interface Span {
  /** Tells more of it. */
  annotate(annotations: Annotations): void;
}

/** Shows what a function does within an invocation. It changes nothing of the work, and never fails. */
export interface Tracer {
  /** Runs work; what it traces and calls itself is shown as a part of it. */
  traced<Result>(work: TracedWork, run: (span: Span) => Promise<Result>): Promise<Result>;
  /** Runs a call. */
  called<Result>(
    call: TracedCall,
    run: (tell: (outcome: CallOutcome) => void) => Promise<Result>,
  ): Promise<Result>;
}

/** Where nothing is traced. */
export const noTracer: Tracer = {
  traced: (_, run) => run({ annotate: () => undefined }),
  called: (_, run) => run(() => undefined),
};
