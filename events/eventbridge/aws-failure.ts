import { BanyanError, toError } from 'banyan/runtime';

/** Whether a failed call of AWS may succeed when it is made again: throttled, not answered, or AWS's own fault. */
export function isPassing(thrown: unknown): boolean {
  const { name, code, $retryable, $metadata, $response } = thrown as AwsError;
  const status = $metadata?.httpStatusCode ?? $response?.statusCode;
  const isThrottled = status === 429 || throttled.test(name) || throttled.test(code ?? '');
  const isTheirs = status !== undefined && status >= 500;
  const isUnanswered = unanswered.test(name) || unanswered.test(code ?? '');
  return isThrottled || isTheirs || isUnanswered || $retryable !== undefined;
}

/** What is told of a call that AWS refused for good. */
export function refusedByAws(code: string, what: string, thrown: unknown): BanyanError {
  const cause = toError(thrown);
  const message = `${what}: ${cause.name}: ${cause.message}. ${adviceFor(cause.name)}`;
  return new BanyanError(code, message, { details: { error: cause.name }, cause });
}

/** What to do about an error of AWS, by its name. */
export function adviceFor(name: string): string {
  if (/AccessDenied|NotAuthorized/.test(name)) {
    return 'Allow it to the role that this process runs as (events:PutEvents, events:PutRule, sqs:* of its queues).';
  }
  if (/NotFound|NonExistent|DoesNotExist/.test(name)) return 'Create it, or correct its name or region.';
  if (/Credentials|Token|Signature|UnrecognizedClient|AuthFailure/.test(name)) {
    return 'Give this process valid credentials.';
  }
  return 'Nothing is tried again, since the same call would be refused again: correct what it names.';
}

interface AwsError {
  readonly name: string;
  readonly code?: string;
  readonly $retryable?: unknown;
  readonly $metadata?: { readonly httpStatusCode?: number };
  readonly $response?: { readonly statusCode?: number };
}

const throttled = /throttl|toomanyrequests|requestlimitexceeded|slowdown/i;
const unanswered =
  /^(TimeoutError|RequestTimeout|NetworkingError|E(CONN\w+|PIPE|TIMEDOUT|AI_AGAIN|HOSTUNREACH))$/;
