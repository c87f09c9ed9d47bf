import {
  DeleteRuleCommand,
  DescribeRuleCommand,
  ListTargetsByRuleCommand,
  PutRuleCommand,
  PutTargetsCommand,
  RemoveTargetsCommand,
  ResourceNotFoundException,
  type DescribeRuleResponse,
  type EventBridgeClient,
  type Target,
} from '@aws-sdk/client-eventbridge';
import { canonicalJson, type JsonValue } from 'banyan/runtime';

/** A rule, and where it is. */
export interface RulePlace {
  readonly events: EventBridgeClient;
  /** Name or ARN of the event bus. */
  readonly bus: string;
  readonly name: string;
}

/** The id of the target that is ours; a rule may have others. */
const targetId = 'queue';

/** Makes a rule, or gives it the pattern. What else it has stays. @returns its ARN, and whether it is switched off */
export async function ensureRule(
  { events, bus, name }: RulePlace,
  pattern: string,
): Promise<{ readonly arn: string; readonly isOff: boolean }> {
  const known = await describeRule({ events, bus, name });
  const isOff = known?.State === 'DISABLED';
  if (known?.Arn !== undefined && isSame(known.EventPattern, pattern)) return { arn: known.Arn, isOff };
  // What is not given is taken away, and a rule without a state is switched on.
  const { Description, RoleArn, State, ScheduleExpression } = known ?? {};
  const kept = { Description, RoleArn, State, ScheduleExpression };
  const put = new PutRuleCommand({ ...kept, Name: name, EventBusName: bus, EventPattern: pattern });
  const { RuleArn } = await events.send(put);
  return { arn: String(RuleArn), isOff };
}

/** Sends what a rule matches to a queue, unless one of its targets does. What else a target has stays. */
export async function ensureTarget(rule: RulePlace, queue: string): Promise<void> {
  const known = await targetsOf(rule);
  if (known.some(({ Arn }) => Arn === queue)) return;
  const target = { ...known.find(({ Id }) => Id === targetId), Id: targetId, Arn: queue };
  const put = new PutTargetsCommand({ Rule: rule.name, EventBusName: rule.bus, Targets: [target] });
  const { FailedEntries: [failed] = [] } = await rule.events.send(put);
  if (failed) throw new Error(`${String(failed.ErrorCode)}: ${String(failed.ErrorMessage)}`);
}

/** Removes a rule and all its targets. @throws ResourceNotFoundException */
export async function removeRule(rule: RulePlace): Promise<void> {
  const { events, bus: EventBusName, name } = rule;
  const Ids = (await targetsOf(rule)).map(({ Id }) => String(Id));
  if (Ids.length > 0) await events.send(new RemoveTargetsCommand({ Rule: name, EventBusName, Ids }));
  await events.send(new DeleteRuleCommand({ Name: name, EventBusName }));
}

async function describeRule({ events, bus, name }: RulePlace): Promise<DescribeRuleResponse | undefined> {
  try {
    return await events.send(new DescribeRuleCommand({ Name: name, EventBusName: bus }));
  } catch (error) {
    // Also where the bus is not there, which putting the rule says then.
    if (error instanceof ResourceNotFoundException) return undefined;
    throw error;
  }
}

async function targetsOf({ events, bus, name }: RulePlace): Promise<readonly Target[]> {
  const targets: Target[] = [];
  let NextToken: string | undefined;
  do {
    const asked = new ListTargetsByRuleCommand({ Rule: name, EventBusName: bus, NextToken });
    const { Targets = [], NextToken: next } = await events.send(asked);
    targets.push(...Targets);
    NextToken = next;
  } while (NextToken !== undefined && NextToken !== '');
  return targets;
}

function isSame(known: string | undefined, wanted: string): boolean {
  const canonical = (text: string): string => canonicalJson(JSON.parse(text) as JsonValue);
  return known !== undefined && known !== '' && canonical(known) === canonical(wanted);
}
