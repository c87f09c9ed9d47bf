import { tallyFeed } from 'banyan/events';
import { trackerFunction, type TrackedView } from 'banyan/projections/lambda';
import { functionEnvironment } from './environment.ts';
import { codedGeneration } from './generation.ts';
import { openEventLogs, openTallies } from './logs.ts';
import { functionSettings } from './settings.ts';

/*
 * The watermark tracker of a group's generations. One function for several of them costs less, and one that is built
 * later may have its own.
 */
const settings = functionSettings(process.env);
const { directory, healAfterMs } = settings;
const environment = functionEnvironment(settings, `${settings.group}-tracker`);
const views: TrackedView[] = [];
for (const id of settings.generations) {
  const { generation, projection } = await codedGeneration(settings, environment.store, id);
  const events = await openEventLogs(directory, generation.logs);
  views.push({
    ...{ generation: id, projection, bundle: generation.bundle, store: environment.store },
    logs: generation.logs.map((log) => ({ log, reader: events(log) })),
    tallies: tallyFeed(await openTallies(directory, generation.logs)),
    ...(healAfterMs !== undefined && { healAfterMs }),
  });
}

/** For the queue of its views' tallies, and for a schedule of a minute. */
export const handler = trackerFunction({ ...environment, views });
