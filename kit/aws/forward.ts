import { DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { EventBridgeClient, ListEventBusesCommand } from '@aws-sdk/client-eventbridge';
import { clientConfig, type TestClientConfig } from './client-config.ts';
import type { Upstream } from './emulators.ts';

/** A service whose calls are passed on. */
export type ForwardedService = 'dynamodb' | 'eventbridge';

/** A call as it came from a client: the rest of it is made anew. */
export interface ForwardedCall {
  /** `DynamoDB_20120810.PutItem` */
  readonly target: string;
  readonly contentType: string;
  readonly body: string;
}

/** What a service answered. */
export interface ForwardedAnswer {
  readonly status: number;
  readonly text: string;
}

/** Passes calls on to a service. */
export interface Forwarder {
  /** @throws when there is no answer */
  readonly forward: (call: ForwardedCall) => Promise<ForwardedAnswer>;
  readonly destroy: () => void;
}

/** A request of the SDK, as far as it is used here. */
interface SdkRequest {
  body: unknown;
  readonly headers: Record<string, string>;
}

interface SdkResponse {
  readonly statusCode: number;
  readonly body: AsyncIterable<Uint8Array>;
}

type Step = (args: { readonly request: SdkRequest }) => Promise<unknown>;

/** The middleware of a command, as far as it is used here. */
interface SdkStack {
  add(middleware: (next: Step) => Step, where: { readonly step: 'build'; readonly priority: 'high' }): void;
  addRelativeTo(middleware: (next: Step) => Step, where: typeof behindSigning): void;
}

const behindSigning = {
  name: 'forwarded',
  relation: 'after',
  toMiddleware: 'httpSigningMiddleware',
} as const;

/**
 * Passes calls on to an emulator or an account as a client of the SDK sends them: to the endpoint that it finds, signed
 * with the credentials that it finds. The SDK has no way to send a call that is text already: the text is put in the
 * place of another call's, before that is signed, and the answer is taken before it is read.
 */
export function createForwarder(upstream: Upstream, service: ForwardedService): Forwarder {
  const { client, carrier } = services[service]({ ...clientConfig(upstream), maxAttempts: 1 });
  return {
    forward: async (call) => {
      const command = carrier();
      const stack = command.middlewareStack as SdkStack;
      let answer: ForwardedAnswer | undefined;
      const take: Step = async ({ request }) => {
        const { response } = (await client.config.requestHandler.handle(request as never)) as unknown as {
          readonly response: SdkResponse;
        };
        answer = await answerIn(response);
        return { response, output: { $metadata: {} } };
      };
      stack.add((next) => (args) => next(replaced(args, call)), { step: 'build', priority: 'high' });
      stack.addRelativeTo(() => take, behindSigning);
      await client.send(command as never);
      if (!answer) throw new Error('The call was not sent.');
      return answer;
    },
    destroy: () => client.destroy(),
  };
}

type Config = TestClientConfig & { readonly maxAttempts: number };

/** A client of a service, and any call that it has. */
interface Carrying {
  readonly client: {
    readonly config: Pick<DynamoDBClient['config'], 'requestHandler'>;
    send(command: never): Promise<unknown>;
    destroy(): void;
  };
  readonly carrier: () => { readonly middlewareStack: unknown };
}

const services: Readonly<Record<ForwardedService, (config: Config) => Carrying>> = {
  dynamodb: (config: Config) => ({
    client: new DynamoDBClient(config),
    carrier: () => new ListTablesCommand({}),
  }),
  eventbridge: (config: Config) => ({
    client: new EventBridgeClient(config),
    carrier: () => new ListEventBusesCommand({}),
  }),
};

function replaced<Args extends { readonly request: SdkRequest }>(
  args: Args,
  { target, contentType, body }: ForwardedCall,
): Args {
  args.request.body = body;
  Object.assign(args.request.headers, { 'x-amz-target': target, 'content-type': contentType });
  return args;
}

async function answerIn({ statusCode, body }: SdkResponse): Promise<ForwardedAnswer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return { status: statusCode, text: Buffer.concat(chunks).toString('utf8') };
}
