export type { Caller } from './caller.ts';
export type { Concurrency } from './admission.ts';
export type { LegacyResult, NotSentReason, UnknownReason } from './result.ts';
export {
  createLegacyAdapter,
  type LegacyIdentity,
  type LegacyAdapter,
  type LegacyAdapterOptions,
  type LegacyWrite,
} from './legacy-adapter.ts';
export { childTrace } from './trace.ts';
