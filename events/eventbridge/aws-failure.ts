import { BanyanError, isBanyanError, isNetworkFailure, toError } from 'banyan/runtime';

/**
 * Whether a failed call of AWS may succeed when it is made again: throttled, not answered, or AWS's own fault. Missing
 * credentials are no such failure: those of a session are renewed by the SDK, and others by people.
 */
export function isPassing(thrown: unknown): boolean {
  if (isBanyanError(thrown)) return thrown.retryable;
  const error = toError(thrown) as AwsError;
  // Given up here.
  if (error.name === 'AbortError' || refusalOf(error) !== 'other') return false;
  const { name, code, $retryable, $metadata, $response } = error;
  const status = $metadata?.httpStatusCode ?? $response?.statusCode;
  const isThrottled = status === 429 || throttled.test(name) || throttled.test(code ?? '');
  const isTheirs = status !== undefined && status >= 500;
  return (
    isThrottled || isTheirs || unanswered.test(name) || isNetworkFailure(error) || $retryable !== undefined
  );
}

/** Why AWS refuses a call, where it is not for what the call holds. */
export type Refusal = 'rights' | 'missing' | 'credentials' | 'region' | 'other';

/** Tells it by an error's name, or by the code of an entry's answer. */
export function refusalOf({ name, message }: Pick<Error, 'name' | 'message'>): Refusal {
  if (/AccessDenied|NotAuthorized/.test(name)) return 'rights';
  if (/NotFound|NonExistent|DoesNotExist|InvalidAccountId/.test(name)) return 'missing';
  if (/Credentials|Token|Signature|UnrecognizedClient|AuthFailure/.test(name)) return 'credentials';
  return /region is missing/i.test(message) ? 'region' : 'other';
}

/**
 * What is told of a call that AWS refused for good.
 * @param action what the call needs the right to, as IAM names it
 */
export function refusedByAws(code: string, what: string, thrown: unknown, action: string): BanyanError {
  const cause = toError(thrown);
  // One of ours says what to do itself.
  const advice = isBanyanError(cause) ? '' : ` ${adviceFor(cause, action)}`;
  const message = `${what}: ${reasonOf(cause)}.${advice}`;
  return new BanyanError(code, message, { details: { error: cause.name }, cause });
}

/** Why a call failed: the error's name, or the code of one that has no name of its own, and its message. */
export function reasonOf({ name, message, code }: Pick<AwsError, 'name' | 'message' | 'code'>): string {
  const isNamed = !['Error', 'AggregateError', 'BanyanError'].includes(name);
  const title = isNamed ? name : (code ?? name);
  return message === '' ? title : `${title}: ${message.replace(/[.\s]+$/, '')}`;
}

/** What to do about a refusal. @param action the right that was needed, where the message does not name it */
export function adviceFor(error: Pick<Error, 'name' | 'message'>, action: string): string {
  switch (refusalOf(error)) {
    case 'rights': {
      const [, named = action] = /not authorized to perform: ([\w-]+:\w+)/.exec(error.message) ?? [];
      return `Allow ${named} on it to the role that this process runs as.`;
    }
    case 'missing':
      return 'Create it, or correct its name or region.';
    case 'credentials':
      return 'Give this process valid credentials.';
    case 'region':
      return 'Set AWS_REGION, or give the client its `region`.';
    case 'other':
      return 'Correct what it names: the same call would be refused again.';
  }
}

interface AwsError extends Error {
  readonly code?: string;
  readonly $retryable?: unknown;
  readonly $metadata?: { readonly httpStatusCode?: number };
  readonly $response?: { readonly statusCode?: number };
}

const throttled = /throttl|toomanyrequests|requestlimitexceeded|slowdown/i;
const unanswered = /^(TimeoutError|RequestTimeout(Exception)?|NetworkingError)$/;
