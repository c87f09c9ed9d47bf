export type { Bundle, BundleInfo, BundleKind, BundleStore, TranslationCode } from './bundles/bundle.ts';
export { buildBundles, type BuiltBundles, type BundleRequest } from './bundles/build-bundles.ts';
export { bundleChanges, type BundleChanges } from './bundles/bundle-changes.ts';
export { openBundleCache, type BundleCache } from './bundles/bundle-cache.ts';
export { openBundleStore } from './bundles/bundle-store.ts';
export { saidByEsbuild, withEsbuild } from './bundles/esbuild.ts';
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
  translationDirectory,
} from './places.ts';
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
