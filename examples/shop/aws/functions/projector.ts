import { resolveFromLogs } from 'banyan/events/eventbridge';
import { sqsProjector } from 'banyan/projections/lambda';
import { numbersIn } from './attributes.ts';
import { functionEnvironment } from './environment.ts';
import { codedGeneration } from './generation.ts';
import { openEventLogs } from './logs.ts';
import { functionSettings, onlyGeneration } from './settings.ts';

/*
 * The projector of one generation, behind the queue of its events. What is here runs once, when the function begins;
 * a setting that is missing ends it before it has taken anything.
 */
const settings = functionSettings(process.env);
const id = onlyGeneration(settings);
const environment = functionEnvironment(settings, `${id.projection}-g${String(id.number)}-projector`);
const { generation, projection } = await codedGeneration(settings, environment.store, id);
const events = await openEventLogs(settings.directory, generation.logs);

/** For SQS: with `ReportBatchItemFailures`, and a dead-letter queue. */
export const handler = sqsProjector({
  ...environment,
  generation: id,
  projection,
  // So that it is refused when its generation was built by another.
  bundle: generation.bundle,
  // An event that was too large for the bus came as a reference.
  resolve: resolveFromLogs(events),
  attributes: ({ data }) => numbersIn(data),
});
