import type { CallOutcome, TracedCall, Tracer } from './tracer.ts';

type Call = (given: { readonly input: unknown }) => Promise<unknown>;

/** What the SDK knows of a call, as far as it is looked at here. */
interface CallContext {
  /** `DynamoDBClient`. */
  readonly clientName?: string;
  /** `PutItemCommand`. */
  readonly commandName?: string;
}

/** Middleware of the SDK's outermost step: a call with all its attempts and the waits between them. */
export function tracedCalls(
  tracer: Pick<Tracer, 'called'>,
  region: string | undefined,
): (next: Call, context: CallContext) => Call {
  return (next, context) => (given) =>
    tracer.called(callOf(context, given.input, region), async (tell) => {
      try {
        const result = await next(given);
        tell(outcomeOf((result as { readonly output?: unknown }).output));
        return result;
      } catch (error) {
        tell(outcomeOf(error));
        throw error;
      }
    });
}

function callOf(
  { clientName = 'AWS', commandName = 'Call' }: CallContext,
  input: unknown,
  region: string | undefined,
): TracedCall {
  const { QueueUrl: queue } = input as { readonly QueueUrl?: string };
  return {
    service: clientName.replace(/Client$/, ''),
    operation: commandName.replace(/Command$/, ''),
    tables: tablesOf(input as TablesInput),
    ...(region !== undefined && { region }),
    ...(queue !== undefined && { queue }),
  };
}

/** Where the calls of DynamoDB name tables. Nothing else of an input is looked at. */
interface TablesInput {
  readonly TableName?: string;
  readonly RequestItems?: Readonly<Record<string, unknown>>;
  readonly TransactItems?: readonly Readonly<Record<string, { readonly TableName?: string } | undefined>>[];
}

function tablesOf({ TableName, RequestItems, TransactItems }: TablesInput): readonly string[] {
  const all = [
    TableName,
    ...Object.keys(RequestItems ?? {}),
    ...(TransactItems ?? []).flatMap((item) => Object.values(item).map((action) => action?.TableName)),
  ];
  return [...new Set(all.filter((name) => name !== undefined))];
}

/** Of an output, or of an error: the SDK adds the same to both. */
function outcomeOf(settled: unknown): CallOutcome {
  const { $metadata: { attempts, httpStatusCode: status, requestId } = {} } = (settled ?? {}) as {
    readonly $metadata?: CallOutcome & { readonly httpStatusCode?: number };
  };
  return {
    ...(attempts !== undefined && { attempts }),
    ...(status !== undefined && { status }),
    ...(requestId !== undefined && { requestId }),
  };
}
