export type { Bundle, BundleInfo, BundleKind, BundleStore, TranslationCode } from './bundles/bundle.ts';
export type { ReplayGroup, ReplayProject, ReplayProjection, ReplayTranslation } from './project.ts';
export {
  bundlesDirectory,
  changeLogDirectory,
  eventLogDirectory,
  historyFile,
  replayDirectory,
  sourceDirectory,
  translationDirectory,
} from './places.ts';
