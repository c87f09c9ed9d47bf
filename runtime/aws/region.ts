import { BanyanError } from 'banyan/runtime';

/** Next of a middleware, untyped: the SDK's own types are those of each command. */
type Call = (given: unknown) => Promise<unknown>;

/**
 * Middleware that says what to do about a region that is missing. The SDK looks for one at the first call, in the
 * environment, the profile and the machine's metadata, so a client that has none can be made.
 * @param upstream what the client talks to
 */
export function tellsMissingRegion(upstream: string): (next: Call) => Call {
  return (next) => async (given) => {
    try {
      return await next(given);
    } catch (error) {
      throw error instanceof Error && error.message === 'Region is missing'
        ? regionMissing(upstream, error)
        : error;
    }
  };
}

function regionMissing(upstream: string, cause: Error): BanyanError {
  return new BanyanError(
    'AWS_REGION_MISSING',
    `The region is missing: the client of ${upstream} was given none, and finds none. Set AWS_REGION, such as ` +
      'eu-west-1, or `region` of awsClient.',
    { details: { upstream }, cause },
  );
}
