import type { EventLogRef } from 'banyan/events';
import type { AnyProjection, ViewStore } from 'banyan/projections';
import type { Bundle, BundleStore, TranslationCode } from './bundles/bundle.ts';

/** What the replay must know of a project. The groups themselves are the catalogue's, which is built on this room. */
export interface ReplayProject {
  /** The absolute path of the environment's directory: logs, bundles, registries. */
  readonly directory: string;
  readonly store: ViewStore;
  readonly bundles: BundleStore;
  readonly groups: readonly ReplayGroup[];
  /** Seconds that the queues of subscribers keep an event; absent: there are no queues. */
  readonly retentionSeconds?: number;
}

/** A group, as its code is now. */
export interface ReplayGroup {
  readonly name: string;
  readonly owner: { readonly team: string; readonly contact: string };
  readonly translation: ReplayTranslation | undefined;
  readonly projections: readonly ReplayProjection[];
}

/** A projection as the code has it now. */
export interface ReplayProjection {
  readonly projection: AnyProjection;
  readonly bundle: Bundle;
  /** The event logs that it subscribes to, by the versions that the code names now. */
  readonly logs: readonly EventLogRef[];
}

/** A translation as the code has it now. */
export interface ReplayTranslation extends TranslationCode {
  readonly ref: EventLogRef;
  readonly bundle: Bundle;
}
