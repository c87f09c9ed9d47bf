import { isNetworkFailure } from 'banyan/runtime';

/*
 * What the errors of DynamoDB and of its SDK mean. They are told by name: a bundle may carry its own copy of a class.
 */

/** What an error means for who called. */
export type Fault =
  /** An answer that the caller knows what to do with: a condition that does not hold, a table that is not there. */
  | 'answer'
  /** More was asked than the table, or the account, takes now. Nothing was done. */
  | 'throttled'
  /** Another transaction holds the item now. Nothing was done. */
  | 'contended'
  /** The service or the way to it failed; what was asked may be done all the same. */
  | 'passing'
  /** Credentials, or what they allow. */
  | 'refused'
  | 'failed';

const faults: Readonly<Record<string, Fault>> = {
  ConditionalCheckFailedException: 'answer',
  TransactionCanceledException: 'answer',
  ResourceNotFoundException: 'answer',
  TableNotFoundException: 'answer',
  ResourceInUseException: 'answer',
  ThrottlingException: 'throttled',
  Throttling: 'throttled',
  ProvisionedThroughputExceededException: 'throttled',
  RequestLimitExceeded: 'throttled',
  ThrottlingError: 'throttled',
  ProvisionedThroughputExceeded: 'throttled',
  LimitExceededException: 'throttled',
  TransactionConflictException: 'contended',
  TransactionInProgressException: 'contended',
  TransactionConflict: 'contended',
  ReplicatedWriteConflictException: 'contended',
  InternalServerError: 'passing',
  InternalFailure: 'passing',
  ServiceUnavailable: 'passing',
  ServiceUnavailableException: 'passing',
  TimeoutError: 'passing',
  RequestTimeout: 'passing',
  RequestTimeoutException: 'passing',
  NetworkingError: 'passing',
  AccessDeniedException: 'refused',
  UnrecognizedClientException: 'refused',
  InvalidSignatureException: 'refused',
  IncompleteSignatureException: 'refused',
  MissingAuthenticationTokenException: 'refused',
  MissingAuthenticationToken: 'refused',
  ExpiredTokenException: 'refused',
  CredentialsProviderError: 'refused',
};

/** Of an error of the SDK, what is used here. */
export interface AwsError extends Error {
  readonly code?: unknown;
  readonly $metadata?: { readonly httpStatusCode?: number };
}

/** What an error, or the code of a reason why a transaction was cancelled, means. */
export function faultOf(error: AwsError | string): Fault {
  if (typeof error === 'string') return faults[error] ?? 'failed';
  const known = faults[error.name];
  if (known) return known;
  if (isNetworkFailure(error)) return 'passing';
  return (error.$metadata?.httpStatusCode ?? 0) >= 500 ? 'passing' : 'failed';
}

/** Whether DynamoDB was asked for more than it takes now, by the call or by a part of its transaction. */
export function isThrottled(error: unknown): boolean {
  const { CancellationReasons: reasons = [] } = error as {
    readonly CancellationReasons?: readonly { readonly Code?: string }[];
  };
  return (
    faultOf(error as AwsError) === 'throttled' ||
    reasons.some(({ Code = 'None' }) => faultOf(Code) === 'throttled')
  );
}

/** Whether a table is not there. */
export function isMissing(error: unknown): boolean {
  return hasName(error, 'ResourceNotFoundException') || hasName(error, 'TableNotFoundException');
}

/** Whether an error has that name. */
export function hasName(error: unknown, name: string): error is AwsError {
  return (error as AwsError | undefined)?.name === name;
}
