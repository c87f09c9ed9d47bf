import { patience } from './aws/account.ts';

/**
 * Waits until the check passes, by trying it again; throws its last failure after the limit.
 * @param limitMs milliseconds to go on for; generous, since machines are shared. Of an account of AWS, which takes
 *   longer, so many times more ({@link patience})
 */
export async function eventually<T>(check: () => T | Promise<T>, limitMs = 30_000): Promise<T> {
  const end = Date.now() + limitMs * patience;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() > end) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20 * patience));
    }
  }
}
