import {
  EventBridgeClient,
  EventBridgeServiceException,
  ResourceNotFoundException,
  type PutEventsRequest,
  type PutEventsRequestEntry,
} from '@aws-sdk/client-eventbridge';
import fc from 'fast-check';

/** What becomes of one call of PutEvents. */
export type CallFate =
  | { readonly kind: 'taken' }
  /** Of its entries some fail, by place, with these codes. */
  | { readonly kind: 'partial'; readonly failing: readonly (string | undefined)[] }
  /** Nothing gets in. */
  | { readonly kind: 'throttled' }
  /** Everything gets in, and nobody hears of it. */
  | { readonly kind: 'unheard' };

const code = fc.constantFrom('ThrottlingException', 'InternalFailure', undefined);

/** Faults that pass. */
export const callFate: fc.Arbitrary<CallFate> = fc.oneof(
  fc.constant<CallFate>({ kind: 'taken' }),
  fc.array(code, { minLength: 10, maxLength: 10 }).map((failing): CallFate => ({ kind: 'partial', failing })),
  fc.constant<CallFate>({ kind: 'throttled' }),
  fc.constant<CallFate>({ kind: 'unheard' }),
);

/** A client whose calls meet their fates one after the other, and are taken after the last. */
export interface FaultyEventBridge {
  readonly client: EventBridgeClient;
  /** The entries of each call. */
  readonly calls: readonly (readonly PutEventsRequestEntry[])[];
  /** Entries in the order in which they got in. */
  readonly taken: readonly PutEventsRequestEntry[];
  /** False: the bus is gone. As on AWS, what is put then is answered as if it were in. */
  isThere: boolean;
  /** Each look at the bus fails with an error of that name from now on; undefined: it is answered. */
  failLooks(name: string | undefined): void;
}

/** A real client, with a middleware in the place of the network. */
export function faultyEventBridge(
  fates: readonly CallFate[],
  onCall: () => void = () => undefined,
): FaultyEventBridge {
  const calls: (readonly PutEventsRequestEntry[])[] = [];
  const taken: PutEventsRequestEntry[] = [];
  const put = ({ Entries = [] }: PutEventsRequest): object => {
    onCall();
    const fate = fates[calls.length] ?? { kind: 'taken' };
    calls.push(Entries);
    if (fate.kind === 'throttled') throw throttling();
    const failing = fate.kind === 'partial' ? fate.failing : [];
    const results = Entries.map((entry, at) => {
      if (failing[at] !== undefined) return { ErrorCode: failing[at], ErrorMessage: 'made up' };
      if (bus.isThere) taken.push(entry);
      return { EventId: `e${String(taken.length)}` };
    });
    if (fate.kind === 'unheard') throw Object.assign(new Error('no answer'), { name: 'TimeoutError' });
    return { Entries: results, FailedEntryCount: results.filter((one) => 'ErrorCode' in one).length };
  };
  let lookFailure: string | undefined;
  const describe = (): object => {
    if (lookFailure !== undefined) throw Object.assign(new Error('no'), { name: lookFailure });
    if (bus.isThere) return {};
    throw new ResourceNotFoundException({ message: 'There is no such bus.', $metadata: {} });
  };
  const client = new EventBridgeClient({ region: 'us-east-1' });
  const failLooks = (name: string | undefined): void => void (lookFailure = name);
  const bus: FaultyEventBridge = { client, calls, taken, isThere: true, failLooks };
  client.middlewareStack.add(
    () => (args) => {
      const answer = 'Entries' in args.input ? put(args.input) : describe();
      const output = { $metadata: {}, ...answer };
      return Promise.resolve({ output: output as never, response: {} });
    },
    { step: 'initialize', priority: 'high' },
  );
  return bus;
}

function throttling(): Error {
  return new EventBridgeServiceException({
    name: 'ThrottlingException',
    $fault: 'client',
    $metadata: { httpStatusCode: 400 },
    message: 'Rate exceeded',
  });
}
