import { refreshDev } from '../../dev/control.ts';

/** Lets a running `banyan dev` look at once for what came or went; without it, it looks within a second by itself. */
export async function nudgeDev(directory: string): Promise<void> {
  await refreshDev(directory);
}
