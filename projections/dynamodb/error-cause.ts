import type { AwsError } from './faults.ts';

/** Of the SDK's errors, what may hold rows besides what is used of them. */
interface RawError extends AwsError {
  readonly $metadata?: AwsError['$metadata'] & { readonly requestId?: string };
  readonly CancellationReasons?: readonly { readonly Code?: string }[];
  readonly cause?: unknown;
}

/**
 * What of an error of the SDK is told as the cause of another, and so comes into logs: its name, message and request;
 * of a cancelled transaction the codes. The error itself may hold rows of the table, which are whole documents, and the
 * parser of an answer that is cut off quotes from it.
 */
export function errorCause(error: AwsError): Error {
  const { name, stack, code, $metadata, CancellationReasons: reasons, cause } = error as RawError;
  const { httpStatusCode, requestId } = $metadata ?? {};
  const message = name === 'SyntaxError' ? 'The answer is no JSON.' : error.message;
  const told = new Error(message, isError(cause) ? { cause: errorCause(cause) } : {});
  const frames = stack?.split('\n').filter((line) => /^\s+at /.test(line)) ?? [];
  told.stack = [`${name}: ${message}`, ...frames].join('\n');
  return Object.assign(told, {
    name,
    ...(code !== undefined && { code }),
    ...(httpStatusCode !== undefined && { httpStatusCode }),
    ...(requestId !== undefined && { requestId }),
    ...(reasons && { reasons: reasons.map(({ Code = 'None' }) => Code) }),
  });
}

/** Of any realm. */
function isError(value: unknown): value is AwsError {
  return typeof value === 'object' && value !== null && 'message' in value && 'name' in value;
}
