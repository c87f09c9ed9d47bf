/** Amounts as `numeric` columns give them: exact, with at most two decimals. */

function cents(amount: string): bigint {
  const [, sign = '', whole = '', fraction = ''] = /^(-?)(\d+)(?:\.(\d{1,2}))?$/.exec(amount) ?? [];
  if (whole === '') throw new TypeError(`"${amount}" is not an amount with at most two decimals`);
  return BigInt(`${sign}${whole}${fraction.padEnd(2, '0')}`);
}

/** The first amount less the second, exactly: `minus('10.00', '0.1')` is `'9.90'`. */
export function minus(amount: string, less: string): string {
  const difference = cents(amount) - cents(less);
  const digits = (difference < 0n ? -difference : difference).toString().padStart(3, '0');
  return `${difference < 0n ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)}`;
}
