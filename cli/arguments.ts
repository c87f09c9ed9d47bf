import { BanyanError } from 'banyan/runtime';
import { InvalidArgumentError } from 'commander';
import { usageCode } from './failure.ts';

/** Reads a whole number of an option, from 1 on unless told. */
export function wholeNumber(least = 1): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!Number.isSafeInteger(value) || value < least) {
      throw new InvalidArgumentError(`Expected a whole number from ${least} on.`);
    }
    return value;
  };
}

/** An argument that does not fit: exit code 2. */
export function usageError(message: string): BanyanError {
  return new BanyanError(usageCode, message);
}

/** Collects the values of an option that may be given again and again, so that it takes no argument behind it. */
export function repeated(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}
