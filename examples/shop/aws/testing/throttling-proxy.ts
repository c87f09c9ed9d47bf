import type { Upstream } from '../../../../kit/aws/emulators.ts';
import { startProxy, type ProxiedCall, type Proxy, type ProxyAnswer } from '../../../../kit/aws/proxy.ts';

/** A proxy before EventBridge that throttles PutEvents. */
export interface ThrottlingProxy extends Proxy {
  /** Calls that were answered with ThrottlingException, and entries that were refused within a call. */
  readonly figures: { calls: number; entries: number };
}

interface PutEvents {
  readonly Entries: readonly object[];
}

interface Result {
  readonly Entries: readonly object[];
}

/**
 * Passes calls on; of PutEvents, a quarter is refused as a whole and a quarter entry by entry, as AWS does where the
 * quota is used up.
 * @param random numbers in [0, 1)
 */
export async function startThrottlingProxy(
  upstream: Upstream,
  random: () => number = Math.random,
): Promise<ThrottlingProxy> {
  const figures = { calls: 0, entries: 0 };
  const proxy = await startProxy(upstream, 'eventbridge', async (call) => {
    const fate = call.operation === 'PutEvents' ? random() : 1;
    if (fate < 0.25) {
      figures.calls += 1;
      return answered(400, { __type: 'ThrottlingException', message: 'Rate exceeded' });
    }
    return fate < 0.5 ? partly(call, { random, figures }) : call.pass();
  });
  return { ...proxy, figures };
}

/** Some of the entries go in; the others are answered as throttled, each in its place. */
async function partly(
  { body, pass }: ProxiedCall,
  { random, figures }: { readonly random: () => number; readonly figures: ThrottlingProxy['figures'] },
): Promise<ProxyAnswer> {
  const { Entries } = JSON.parse(body) as PutEvents;
  const isIn = Entries.map(() => random() < 0.5);
  const taken = Entries.filter((_, at) => isIn[at]);
  const { text } = taken.length > 0 ? await pass(JSON.stringify({ Entries: taken })) : { text: '{}' };
  const results = [...((JSON.parse(text) as Partial<Result>).Entries ?? [])];
  const refused = { ErrorCode: 'ThrottlingException', ErrorMessage: 'Rate exceeded' };
  const answers = isIn.map((one) => (one ? (results.shift() ?? refused) : refused));
  figures.entries += isIn.filter((one) => !one).length;
  const FailedEntryCount = answers.filter((one) => 'ErrorCode' in one).length;
  return answered(200, { FailedEntryCount, Entries: answers });
}

function answered(status: number, body: object): ProxyAnswer {
  return { status, text: JSON.stringify(body) };
}
