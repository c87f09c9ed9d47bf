export { differences, type VersionDifference } from './differences.ts';
export { eventsOfLog, type LogRange } from './events-of-log.ts';
export { projected, type GivenEvent, type Projected } from './projected.ts';
export {
  translated,
  type GivenTransaction,
  type GivenUpdates,
  type TranslatedOptions,
} from './translated.ts';
export type { GivenRow, GivenRows } from './rows.ts';
