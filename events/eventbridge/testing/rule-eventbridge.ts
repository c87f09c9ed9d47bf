import {
  EventBridgeClient,
  ResourceNotFoundException,
  type PutRuleRequest,
  type Target,
} from '@aws-sdk/client-eventbridge';

/** One rule as AWS keeps it, where emulators are kinder: what a put does not name is taken away. */
export interface RuleEventBridge {
  readonly client: EventBridgeClient;
  /** Undefined: there is none. */
  rule: PutRuleRequest | undefined;
  targets: readonly Target[];
}

const arn = 'arn:aws:events:eu-west-1:1:rule/orders/one';

/** A real client, with a middleware in the place of the network. Lists of targets come one by one. */
export function ruleEventBridge(): RuleEventBridge {
  const client = new EventBridgeClient({ region: 'us-east-1' });
  const one: RuleEventBridge = { client, rule: undefined, targets: [] };
  client.middlewareStack.add(
    (_, { commandName = '' }) =>
      async ({ input }) => {
        const output = { $metadata: {}, ...answer(one, commandName, input) };
        return { output: output as never, response: {} };
      },
    { step: 'initialize', priority: 'high' },
  );
  return one;
}

function answer(one: RuleEventBridge, command: string, input: object): object {
  if (command === 'PutRuleCommand') {
    one.rule = { State: 'ENABLED', ...defined(input as PutRuleRequest) };
    return { RuleArn: arn };
  }
  if (!one.rule) throw new ResourceNotFoundException({ message: 'There is no such rule.', $metadata: {} });
  switch (command) {
    case 'DescribeRuleCommand':
      return { ...one.rule, Arn: arn };
    case 'ListTargetsByRuleCommand': {
      const at = Number((input as { NextToken?: string }).NextToken ?? 0);
      const more = at + 1 < one.targets.length;
      return { Targets: one.targets.slice(at, at + 1), ...(more && { NextToken: String(at + 1) }) };
    }
    case 'PutTargetsCommand': {
      const { Targets } = input as { Targets: readonly Target[] };
      const rest = one.targets.filter(({ Id }) => !Targets.some((put) => put.Id === Id));
      one.targets = [...rest, ...Targets];
      return { FailedEntries: [] };
    }
    case 'RemoveTargetsCommand': {
      const { Ids } = input as { Ids: readonly (string | undefined)[] };
      one.targets = one.targets.filter(({ Id }) => !Ids.includes(Id));
      return {};
    }
    case 'DeleteRuleCommand':
      if (one.targets.length > 0) throw new Error("A rule can't be deleted since it has targets.");
      one.rule = undefined;
      return {};
    default:
      throw new Error(`${command} is not known here.`);
  }
}

/** What is given, without what is given as undefined: the SDK sends no such field. */
function defined<T extends object>(given: T): T {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as T;
}
