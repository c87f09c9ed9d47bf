import { BanyanError, canonicalJson } from 'banyan/runtime';

/** Names the statement that is ours among those of others. */
const sid = 'BanyanRule';

/**
 * The policy of a queue with the right of a rule, and of it alone, to send to it; what else the policy says stays.
 * @param policy what the queue has, JSON; absent: none
 * @returns JSON; undefined when the policy says so already
 * @throws BanyanError SUBSCRIPTION_REFUSED
 */
export function policyAllowing(
  policy: string | undefined,
  { queue, rule }: { readonly queue: string; readonly rule: string },
): string | undefined {
  const { Statement: statements = [], ...rest } = parsed(policy, queue);
  const known = [statements].flat();
  const ours = {
    Sid: sid,
    Effect: 'Allow',
    Principal: { Service: 'events.amazonaws.com' },
    Action: 'sqs:SendMessage',
    Resource: queue,
    Condition: { ArnEquals: { 'aws:SourceArn': rule } },
  };
  if (known.some((one) => canonicalJson(one) === canonicalJson(ours))) return undefined;
  const foreign = known.filter(({ Sid }) => Sid !== sid);
  return JSON.stringify({ Version: '2012-10-17', ...rest, Statement: [...foreign, ours] });
}

type Statement = Record<string, string | object>;

/** A single statement may stand without a list. */
interface Policy {
  readonly Statement?: Statement | readonly Statement[];
}

function parsed(policy: string | undefined, queue: string): Policy {
  // SQS tells of a policy that was taken away as an empty one.
  if (policy === undefined || policy === '') return {};
  try {
    return JSON.parse(policy) as Policy;
  } catch (cause) {
    throw new BanyanError(
      'SUBSCRIPTION_REFUSED',
      `The policy of queue ${queue} is no JSON, so nothing can be added to it. Correct it, or remove it.`,
      { details: { queue }, cause },
    );
  }
}
