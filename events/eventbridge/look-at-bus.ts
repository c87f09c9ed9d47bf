import {
  DescribeEventBusCommand,
  ResourceNotFoundException,
  type EventBridgeClient,
} from '@aws-sdk/client-eventbridge';
import { BanyanError, toError } from 'banyan/runtime';
import { isPassing, refusalOf, refusedByAws } from './aws-failure.ts';

/** Which bus is looked at. */
export interface LookedAt {
  readonly events: EventBridgeClient;
  /** Name or ARN of the event bus. */
  readonly busName: string;
  readonly signal: AbortSignal;
}

/** What a look at a bus has shown. */
export type Look =
  | { readonly kind: 'there' }
  | { readonly kind: 'missing'; readonly error: BanyanError }
  /** Nobody answered: the next look may tell. */
  | { readonly kind: 'unanswered' }
  /** It may not be looked at: no reason not to publish, since it may be another account's. */
  | { readonly kind: 'unknown'; readonly error: Error };

/** The right that a look needs. */
export const lookAction = 'events:DescribeEventBus';

/**
 * Looks whether a bus is there. PutEvents answers success for one that is not (github.com/aws/aws-cli/issues/9186).
 * @throws BanyanError BUS_REFUSED where credentials, or the region, are missing
 */
export async function lookAtBus({ events, busName, signal }: LookedAt): Promise<Look> {
  try {
    await events.send(new DescribeEventBusCommand({ Name: busName }), { abortSignal: signal });
    return { kind: 'there' };
  } catch (thrown) {
    if (thrown instanceof ResourceNotFoundException) return { kind: 'missing', error: busMissing(busName) };
    if (signal.aborted || isPassing(thrown)) return { kind: 'unanswered' };
    const error = toError(thrown);
    const refusal = refusalOf(error);
    if (refusal === 'credentials' || refusal === 'region') {
      throw refusedByAws('BUS_REFUSED', `Event bus ${busName} cannot be reached`, error, lookAction);
    }
    return { kind: 'unknown', error };
  }
}

function busMissing(busName: string): BanyanError {
  return new BanyanError(
    'BUS_REFUSED',
    `There is no event bus ${busName}. Create it, or correct its name or region; then publishing goes on with what it ` +
      'has missed.',
    { details: { busName, error: 'ResourceNotFoundException' } },
  );
}
