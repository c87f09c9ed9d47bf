/** Names and values by which figures are told apart: `{ view: 'order-summary', generation: '3' }`. Few values each. */
export type Dimensions = Readonly<Record<string, string>>;

/** Figures of a function, gathered in memory and written by `flush`. */
export interface Metrics {
  /** So many more of something since the last time. */
  count(name: string, value: number, dimensions?: Dimensions): void;
  /** How something stands now. */
  gauge(name: string, value: number, unit: 'count' | 'milliseconds', dimensions?: Dimensions): void;
  /** How long an upstream (`dynamodb`, `eventbridge`) took for one attempt of a call, in milliseconds. */
  latency(upstream: string, milliseconds: number): void;
  /** Writes what was gathered. Call it at the end of each invocation: a frozen function writes nothing. */
  flush(): void;
}
