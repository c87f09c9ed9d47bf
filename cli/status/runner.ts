import { askDev } from '../dev/control.ts';

/** What runs on the environment's directory, as far as this machine can tell: a host elsewhere does not answer here. */
export type Runner = 'dev' | 'run' | 'none';

/** Asks it. */
export async function runnerOf(directory: string): Promise<Runner> {
  const feeds = await askDev(directory, '/feeds');
  return feeds === true ? 'dev' : feeds === false ? 'run' : 'none';
}
