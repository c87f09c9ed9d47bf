import { Metrics as Powertools, MetricUnit } from '@aws-lambda-powertools/metrics';
import type { Dimensions, Metrics } from './metrics.ts';

/** How metrics are named. */
export interface EmfMetricsOptions {
  /** Of CloudWatch: `Banyan`. */
  readonly namespace: string;
  /** What emits them, a dimension of each: the function's name. */
  readonly service: string;
  /** Dimensions of each besides: `{ group: 'orders' }`. */
  readonly dimensions?: Dimensions;
  /** Takes each line, its line break included. Default: standard output, which Lambda carries to CloudWatch. */
  readonly write?: (line: string) => void;
}

/** Figures of the same dimensions: one line of output. */
interface Line {
  readonly figures: Powertools;
  /** By name, how many values. */
  readonly values: Map<string, number>;
}

type Unit = (typeof MetricUnit)[keyof typeof MetricUnit];

/** A line has 100 figures of 100 values at most; Powertools would write it by itself at the hundredth. */
const most = 99;

/**
 * Metrics in CloudWatch's embedded metric format: JSON lines on standard output, which cost the function no call. Each
 * value is kept, so that percentiles are exact.
 */
export function emfMetrics(options: EmfMetricsOptions): Metrics {
  return new EmfMetrics(options);
}

class EmfMetrics implements Metrics {
  readonly #options: EmfMetricsOptions;
  readonly #write: (line: string) => void;
  readonly #lines = new Map<string, Line>();

  constructor(options: EmfMetricsOptions) {
    this.#options = options;
    this.#write = options.write ?? ((line) => void process.stdout.write(line));
  }

  count(name: string, value: number, dimensions: Dimensions = {}): void {
    this.#add(name, MetricUnit.Count, value, dimensions);
  }

  gauge(name: string, value: number, unit: 'count' | 'milliseconds', dimensions: Dimensions = {}): void {
    this.#add(name, unit === 'count' ? MetricUnit.Count : MetricUnit.Milliseconds, value, dimensions);
  }

  latency(upstream: string, milliseconds: number): void {
    this.#add('latency', MetricUnit.Milliseconds, milliseconds, { upstream });
  }

  flush(): void {
    for (const { figures } of this.#lines.values()) this.#print(figures);
    this.#lines.clear();
  }

  #add(name: string, unit: Unit, value: number, dimensions: Dimensions): void {
    const line = this.#lineOf(dimensions);
    const values = (line.values.get(name) ?? 0) + 1;
    line.values.set(name, values);
    line.figures.addMetric(name, unit, value);
    if (values < most && line.values.size < most) return;
    this.#print(line.figures);
    line.values.clear();
  }

  #lineOf(dimensions: Dimensions): Line {
    const name = JSON.stringify(Object.entries(dimensions).sort(([one], [other]) => (one < other ? -1 : 1)));
    const known = this.#lines.get(name);
    if (known) return known;
    const { namespace, service, dimensions: always } = this.#options;
    const defaultDimensions = { ...always, ...dimensions };
    const figures = new Powertools({ namespace, serviceName: service, defaultDimensions });
    const line = { figures, values: new Map<string, number>() };
    this.#lines.set(name, line);
    return line;
  }

  #print(figures: Powertools): void {
    if (figures.hasStoredMetrics()) this.#write(`${JSON.stringify(figures.serializeMetrics())}\n`);
    figures.clearMetrics();
  }
}
