export {
  projection,
  removed,
  type AnyProjection,
  type Handler,
  type Index,
  type Projection,
  type Removed,
} from './projection.ts';
export {
  reconciliation,
  type Reconciliation,
  type ReconciliationByFunction,
  type ReconciliationByName,
} from './reconciliation.ts';
export type { Include, IndexRead, KeyRead } from './read.ts';
export type {
  AtomicViewStore,
  Base,
  BehindCause,
  Document,
  Generation,
  GenerationId,
  GenerationState,
  IndexEntry,
  IndexQuery,
  IndexSpec,
  Item,
  ItemState,
  ItemWrite,
  LivePointer,
  Page,
  PointerPast,
  Stuck,
  Trouble,
  ViewStore,
  WriteOutcome,
} from './view-store.ts';
export { isBeingBuilt, subscriptionName } from './generation-state.ts';
export { encodeSort } from './index-key.ts';
export { foldEvent, indexEntriesOf, orderKeyOf, type FoldStep, type IndexResult } from './fold.ts';
export { converge, stuckOf } from './converge/converge.ts';
export type { Bounds } from './converge/bounds.ts';
export { limitsOf } from './converge/limits.ts';
export { applyUnordered, type AppliedUnordered, type UnorderedTarget } from './apply-unordered.ts';
export { trackingView, type TrackingView, type TrackingViewOptions } from './tracking-view.ts';
export { startUnorderedProjector, type UnorderedProjectorOptions } from './unordered-projector.ts';
export { catchUp, type CatchUpOptions, type CaughtUp } from './catch-up/catch-up.ts';
export {
  createTracker,
  type Tracker,
  type TrackerLimits,
  type TrackerOptions,
  type TrackerStatus,
} from './tracker/tracker.ts';
export { mend, type Mended, type MendOptions } from './tracker/mend.ts';
export type { EventPlace, KeptReceipt, PositionRange, Receipt, Tracking } from './tracker/ledger.ts';
export {
  findEvent,
  isParked,
  listParked,
  parkedKeyOf,
  retryParked,
  retryProjection,
  showParked,
  skipParked,
  skipStuck,
  type ParkedItem,
  type ParkedKey,
  type ShownParked,
} from './parked.ts';
export { placeOf } from './item-state.ts';
export { nextRevision } from './revision.ts';
export { projectionFailed } from './projector-errors.ts';
export { covers, coversEvent } from './progress.ts';
export { createMemoryViewStore } from './memory-view-store.ts';
export { postgresViews, type PostgresViewsOptions } from './postgres/postgres-views.ts';
export { ensureLive, type EnsureLiveOptions, type ProjectionCode } from './generations.ts';
export {
  startProjector,
  type Projector,
  type ProjectorOptions,
  type ProjectorState,
  type ProjectorStatus,
} from './projector.ts';
export { foldInOrder, type FoldResult } from './fold.ts';
export { keysOf, type KeysResult } from './keys.ts';
export type { FoldFailure } from './failure.ts';
