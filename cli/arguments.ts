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

/** Reads a number of bytes: `400M`, `2G`, `1048576`. */
export function byteCount(text: string): number {
  const [, digits, unit = ''] = /^(\d+(?:\.\d+)?)([KMG]?)$/i.exec(text) ?? [];
  const factor = { '': 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30 }[unit.toUpperCase()];
  const value = Math.floor(Number(digits) * (factor ?? Number.NaN));
  if (value >= 1) return value;
  throw new InvalidArgumentError('Expected a number of bytes, as 400M or 2G.');
}

/** An argument that does not fit: exit code 2. */
export function usageError(message: string): BanyanError {
  return new BanyanError(usageCode, message);
}

/** Collects the values of an option that may be given again and again, so that it takes no argument behind it. */
export function repeated(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}
