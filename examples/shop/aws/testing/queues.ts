import {
  DisableRuleCommand,
  EnableRuleCommand,
  PutRuleCommand,
  PutTargetsCommand,
  type EventBridgeClient,
} from '@aws-sdk/client-eventbridge';
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SetQueueAttributesCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { queueName, ruleName } from 'banyan/events/eventbridge';
import { policyAllowing } from '../../../../events/eventbridge/queue-policy.ts';

/** Where rules and queues are made. */
export interface AwsPlace {
  readonly events: EventBridgeClient;
  readonly queues: SQSClient;
  readonly busName: string;
}

/** A rule with the queue that it fills. */
export interface RuleQueue {
  readonly rule: string;
  readonly url: string;
  /** Where messages go that were received too often. */
  readonly deadLetters: string;
}

/** Receives of a message before it is a dead letter. */
const mostReceives = 3;

/** Makes dead-letter queue, queue and rule, in this order, so that what matches has somewhere to go. */
export async function makeRuleQueue(place: AwsPlace, name: string, EventPattern: string): Promise<RuleQueue> {
  const { events, busName: EventBusName } = place;
  const dead = await makeQueue(place, `${name}.dead`, {});
  const redrive = { deadLetterTargetArn: dead.arn, maxReceiveCount: mostReceives };
  const queue = await makeQueue(place, name, {
    RedrivePolicy: JSON.stringify(redrive),
    VisibilityTimeout: '2',
  });
  const Rule = ruleName(name);
  const { RuleArn } = await events.send(new PutRuleCommand({ Name: Rule, EventBusName, EventPattern }));
  await allow(place, queue, String(RuleArn));
  const target = { Id: 'queue', Arn: queue.arn };
  await events.send(new PutTargetsCommand({ Rule, EventBusName, Targets: [target] }));
  return { rule: Rule, url: queue.url, deadLetters: dead.url };
}

interface Queue {
  readonly url: string;
  readonly arn: string;
}

/** Lets the rule, and it alone, send to the queue. */
async function allow({ queues }: AwsPlace, { url, arn }: Queue, rule: string): Promise<void> {
  const Policy = policyAllowing(undefined, { queue: arn, rule });
  if (Policy === undefined) throw new Error('Nothing was allowed before.');
  await queues.send(new SetQueueAttributesCommand({ QueueUrl: url, Attributes: { Policy } }));
}

async function makeQueue(
  { queues, busName }: AwsPlace,
  name: string,
  Attributes: Record<string, string>,
): Promise<Queue> {
  const QueueName = queueName(busName, name);
  const { QueueUrl } = await queues.send(new CreateQueueCommand({ QueueName, Attributes }));
  const asked = new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] });
  const { Attributes: known } = await queues.send(asked);
  return { url: String(QueueUrl), arn: String(known?.['QueueArn']) };
}

/** Switches a rule off or on. */
export async function switchRule(
  { events, busName }: AwsPlace,
  rule: string,
  to: 'on' | 'off',
): Promise<void> {
  const given = { Name: rule, EventBusName: busName };
  await (to === 'on'
    ? events.send(new EnableRuleCommand(given))
    : events.send(new DisableRuleCommand(given)));
}

/** Moves what is in the dead-letter queue back, as an operator's redrive does. @returns how many messages */
export async function redrive(
  { queues }: AwsPlace,
  { url, deadLetters }: Pick<RuleQueue, 'url' | 'deadLetters'>,
): Promise<number> {
  let moved = 0;
  for (;;) {
    // A poll that waits asks all of SQS's servers; one that does not may find none of what is there.
    const asked = new ReceiveMessageCommand({
      ...{ QueueUrl: deadLetters, MaxNumberOfMessages: 10, WaitTimeSeconds: 1 },
    });
    const { Messages = [] } = await queues.send(asked);
    if (Messages.length === 0) return moved;
    for (const { Body, ReceiptHandle } of Messages) {
      await queues.send(new SendMessageCommand({ QueueUrl: url, MessageBody: Body }));
      await queues.send(new DeleteMessageCommand({ QueueUrl: deadLetters, ReceiptHandle }));
      moved += 1;
    }
  }
}
