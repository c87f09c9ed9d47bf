export type { Bundle, BundleInfo, BundleKind, BundleStore, TranslationCode } from './bundles/bundle.ts';
export { buildBundles, type BuiltBundles, type BundleRequest } from './bundles/build-bundles.ts';
export { bundleChanges, type BundleChanges } from './bundles/bundle-changes.ts';
export { openBundleCache, type BundleCache } from './bundles/bundle-cache.ts';
export { openBundleStore } from './bundles/bundle-store.ts';
export { saidByEsbuild, withEsbuild } from './bundles/esbuild.ts';
export { bundleFunction, type FunctionBundle } from './bundles/bundle-function.ts';
export { compileProject, type CompiledProject } from './bundles/compile-project.ts';
export type { ProjectModules } from './bundles/project-modules.ts';
export type { ReplayGroup, ReplayProject, ReplayProjection, ReplayTranslation } from './project.ts';
export {
  changeTranslation,
  registerTranslation,
  registeredTranslations,
  type RegisteredTranslation,
  type TranslationState,
} from './translations.ts';
export {
  bundlesDirectory,
  changeLogDirectory,
  eventLogDirectory,
  historyFile,
  replayDirectory,
  sourceDirectory,
  talliesDirectory,
  translationDirectory,
} from './places.ts';
export { describeReason, reasonsFor, type Reason } from './plan/reasons.ts';
export { leastSeconds, type Basis } from './plan/basis.ts';
export type { ParkedView } from './plan/parked-view.ts';
export { parkedKeys, type ParkedKeys } from './parked-keys.ts';
export type {
  CompareProgress,
  Comparison,
  DifferenceKind,
  DocumentSample,
  FieldChange,
  UnexplainedDifference,
} from './compare/comparison.ts';
export type { Difference, Expectation } from './compare/expectation.ts';
export { directoryHeads, type LogHeads } from './log-heads.ts';
export type {
  Move,
  MovePlan,
  MoveResult,
  MoveWaiting,
  PromoteOptions,
  Refusal,
  RetireOptions,
  RetirePlan,
  RetireResult,
  RollbackOptions,
} from './promotion/options.ts';
export type { HistoryAction, HistoryEntry, HistoryProjection } from './history/entry.ts';
export { verifyView } from './verify/verify-view.ts';
export type { VerifyOptions, VerifyProgress } from './verify/options.ts';
export {
  isClean,
  type Difference as ViewDifference,
  type FieldDifference,
  type Verification,
} from './verify/verification.ts';
export { compareGenerations, type CompareOptions } from './compare/compare-generations.ts';
export { readComparison, writeComparison } from './compare/comparison-file.ts';
export {
  appendHistory,
  operator,
  readHistory,
  type HistoryProblem,
  type HistoryQuestion,
  type NewHistoryEntry,
} from './history/history.ts';
export { planPromotion, promote } from './promotion/promote.ts';
export { planRetire, retire } from './promotion/retire.ts';
export { planRollback, rollback } from './promotion/rollback.ts';
export { nextGenerationNumber } from './promotion/next-number.ts';
export { rebuild, type RebuildFigures, type RebuildOptions, type Rebuilt } from './rebuild/rebuild.ts';
export type { RebuildProgress } from './rebuild/meter.ts';
export type { Subscription } from './rebuild/subscription.ts';
export type { Narrow, NarrowChoice } from './rebuild/narrow/narrow.ts';
export type { StoreModule } from './rebuild/worker-messages.ts';
export {
  readRecord as readRebuildRecord,
  type RebuildRecord,
  type Step as RebuildStep,
} from './rebuild/record.ts';
export { rebuilding } from './rebuild/lock.ts';
export {
  foldPartition,
  type Folded,
  type FoldFigures,
  type FoldPartitionOptions,
} from './rebuild/fold-partition.ts';
export {
  chosenProjections,
  generationsOf,
  isMadeBy,
  planReplay,
  type ReplayPlan,
  type Subscriber,
  type TranslationPlan,
  type ViewPlan,
} from './plan/plan.ts';
export type { RetentionWarning } from './plan/retention.ts';
export { planStart, type StartedView, type StartPlan } from './start/plan-start.ts';
export { startReplay, type StartOptions } from './start/start-replay.ts';
export type { TranslatedLog, TranslateProgress } from './retranslate/build-event-log.ts';
export { fieldPaths, type ValueDifference } from './compare/differences.ts';
