/** Whether the tests on AWS use the account of this machine's credentials instead of emulators. */
export const isOnAccount = process.env['BANYAN_TEST_AWS'] === '1';

/**
 * How many times longer a test may take, and wait, than with emulators: an account's tables take many seconds to come,
 * its rules up to a minute.
 */
export const patience = isOnAccount ? 10 : 1;
