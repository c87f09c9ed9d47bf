import { expect, test } from '@jest/globals';
import { emfMetrics } from './emf-metrics.ts';

interface EmfLine {
  readonly _aws: {
    readonly CloudWatchMetrics: readonly [
      {
        readonly Namespace: string;
        readonly Dimensions: readonly (readonly string[])[];
        readonly Metrics: readonly { readonly Name: string; readonly Unit: string }[];
      },
    ];
  };
  readonly [name: string]: unknown;
}

function gathered(): { readonly lines: EmfLine[]; readonly metrics: ReturnType<typeof emfMetrics> } {
  const lines: EmfLine[] = [];
  const write = (line: string): void => {
    expect(line.endsWith('\n')).toBe(true);
    lines.push(JSON.parse(line) as EmfLine);
  };
  const options = {
    namespace: 'Banyan',
    service: 'order-summary-g1',
    dimensions: { group: 'orders' },
    write,
  };
  return { lines, metrics: emfMetrics(options) };
}

test('figures of the same dimensions are one line, each value kept', () => {
  const { lines, metrics } = gathered();
  metrics.count('events', 3, { view: 'order-summary' });
  metrics.count('events', 5, { view: 'order-summary' });
  metrics.gauge('lag', 120, 'milliseconds', { view: 'order-summary' });
  expect(lines).toEqual([]);
  metrics.flush();
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatchObject({
    events: [3, 5],
    lag: 120,
    group: 'orders',
    view: 'order-summary',
    service: 'order-summary-g1',
  });
  const [told] = lines[0]?._aws.CloudWatchMetrics ?? [];
  expect(told?.Namespace).toBe('Banyan');
  expect(told?.Dimensions.map((names) => [...names].sort())).toEqual([['group', 'service', 'view']]);
  expect(told?.Metrics).toEqual([
    { Name: 'events', Unit: 'Count' },
    { Name: 'lag', Unit: 'Milliseconds' },
  ]);
});

test('a latency names its upstream', () => {
  const { lines, metrics } = gathered();
  metrics.latency('dynamodb', 4);
  metrics.latency('eventbridge', 9);
  metrics.latency('dynamodb', 6);
  metrics.flush();
  expect(lines.map(({ upstream, latency }) => [upstream, latency])).toEqual([
    ['dynamodb', [4, 6]],
    ['eventbridge', 9],
  ]);
});

test('no value is lost where there are more than a line may have', () => {
  const { lines, metrics } = gathered();
  for (let value = 0; value < 1000; value += 1) metrics.latency('dynamodb', value);
  for (let name = 0; name < 250; name += 1) metrics.count(`figure${name}`, name);
  metrics.flush();
  const values = lines.flatMap(({ latency }) => latency ?? []);
  expect(values).toEqual(Array.from({ length: 1000 }, (_, value) => value));
  const names = lines.flatMap(({ _aws }) => _aws.CloudWatchMetrics[0].Metrics.map(({ Name }) => Name));
  expect(new Set(names).size).toBe(251);
  for (const line of lines) {
    expect(line._aws.CloudWatchMetrics[0].Metrics.length).toBeLessThanOrEqual(100);
    if (Array.isArray(line['latency'])) expect(line['latency'].length).toBeLessThanOrEqual(100);
  }
});

test('what was flushed is not written again, and nothing is no line', () => {
  const { lines, metrics } = gathered();
  metrics.count('events', 1);
  metrics.flush();
  metrics.flush();
  expect(lines).toHaveLength(1);
});
