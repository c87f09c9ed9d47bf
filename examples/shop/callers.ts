import type { Caller } from 'banyan/legacy-adapter';

/** Whether the company's issuer marked the caller as an employee (OAuth scope `staff`). */
export function isStaff(who: Caller): boolean {
  const { scope } = who.claims;
  return typeof scope === 'string' && scope.split(' ').includes('staff');
}

/** Whether the caller is that customer (a token's subject is the customer's number) or an employee. */
export function isCustomerOrStaff(who: Caller, customerId: string): boolean {
  return who.sub === customerId || isStaff(who);
}
