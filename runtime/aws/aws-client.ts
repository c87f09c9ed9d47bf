import { NodeHttpHandler } from '@smithy/node-http-handler';
import type { Metrics } from './metrics.ts';
import { tellsMissingRegion } from './region.ts';
import { tracedCalls } from './traced-calls.ts';
import type { Tracer } from './tracer.ts';

/** How an AWS client behaves. */
export interface AwsClientOptions {
  /** What it talks to, as metrics name it: `dynamodb`. */
  readonly upstream: string;
  /** Default: AWS_REGION, as Lambda sets it, or else what the SDK finds. Without any, calls throw AWS_REGION_MISSING. */
  readonly region?: string;
  /** Default: AWS's own for the region. */
  readonly endpoint?: string;
  /** Default: the function's role. */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
  /** Attempts of a call, the first one included. Default 5. */
  readonly maxAttempts?: number;
  /** Milliseconds to connect. Default 1,000. */
  readonly connectMs?: number;
  /**
   * Milliseconds for the beginning of an answer, and then for each silence within it. Default 5,000. A long poll needs
   * more than it waits.
   */
  readonly requestMs?: number;
  /** Connections at once. Default 64. */
  readonly maxSockets?: number;
  /** Told the latency of each attempt. */
  readonly metrics?: Pick<Metrics, 'latency'>;
  /** Told each call: its operation, tables or queue, attempts and error; nothing of what is sent or answered. */
  readonly tracer?: Pick<Tracer, 'called'>;
}

/** What a client is made of. */
export interface AwsClientConfig {
  readonly requestHandler: NodeHttpHandler;
  readonly retryMode: 'standard';
  readonly maxAttempts: number;
  readonly region?: string;
  readonly endpoint?: string;
  readonly credentials?: AwsClientOptions['credentials'] & {};
}

type Call = (given: unknown) => Promise<unknown>;

/** Of a client's middleware: what is used here. The SDK's own types are those of each command. */
interface Stack {
  add(
    middleware: (next: Call) => Call,
    options: { readonly step: 'deserialize' | 'initialize'; readonly name: string },
  ): void;
  add(
    middleware: ReturnType<typeof tracedCalls>,
    options: { readonly step: 'initialize'; readonly name: string },
  ): void;
}

/**
 * Makes a client of the AWS SDK, such as `DynamoDBClient`: connections are kept alive, no attempt waits without end,
 * and what is worth it is tried again, with jitter, so many times. Make it once, outside of the handler: a warm
 * function keeps its connections. Those that died while it was frozen are opened anew by the first retry.
 */
export function awsClient<Client extends { readonly middlewareStack: object }>(
  make: new (config: AwsClientConfig) => Client,
  options: AwsClientOptions,
): Client {
  const { upstream, region, endpoint, credentials, metrics, tracer } = options;
  const { maxAttempts = 5, connectMs = 1000, requestMs = 5000, maxSockets = 64 } = options;
  const agent = { keepAlive: true, maxSockets };
  const client = new make({
    requestHandler: new NodeHttpHandler({
      connectionTimeout: connectMs,
      requestTimeout: requestMs,
      // The other one ends with the headers: a body that stalls would be waited for without end.
      socketTimeout: requestMs,
      // Otherwise it only writes a warning.
      throwOnRequestTimeout: true,
      httpAgent: agent,
      httpsAgent: agent,
    }),
    // Full jitter, and a budget of retries for the whole client, so that a sick upstream is not drowned.
    retryMode: 'standard',
    maxAttempts,
    ...(region !== undefined && { region }),
    ...(endpoint !== undefined && { endpoint }),
    ...(credentials && { credentials }),
  });
  const stack = client.middlewareStack as Stack;
  stack.add(tellsMissingRegion(upstream), { step: 'initialize', name: 'banyanRegion' });
  // The innermost step: each attempt is told, without the waits between them.
  if (metrics) stack.add(timing(upstream, metrics), { step: 'deserialize', name: 'banyanLatency' });
  if (tracer) {
    const named = region ?? process.env['AWS_REGION'];
    stack.add(tracedCalls(tracer, named), { step: 'initialize', name: 'banyanTrace' });
  }
  return client;
}

function timing(upstream: string, metrics: Pick<Metrics, 'latency'>): (next: Call) => Call {
  return (next) => async (given) => {
    const began = performance.now();
    try {
      return await next(given);
    } finally {
      metrics.latency(upstream, performance.now() - began);
    }
  };
}
