import { join } from 'node:path';
import type { EventLogRef } from 'banyan/events';
import { translationDirectory } from 'banyan/replay';

/** Where it is kept up to where an event log was published. */
export function publishedDirectory(directory: string, log: EventLogRef): string {
  return join(translationDirectory(directory, log), 'published');
}
