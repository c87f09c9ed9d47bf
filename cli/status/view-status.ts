import { eventLogName } from 'banyan/events';
import type { Generation, GenerationState, LivePointer } from 'banyan/projections';
import { isMadeBy, type ReplayProject, type ReplayProjection } from 'banyan/replay';
import { changeLog } from '../commands/logs.ts';
import type { LoadedConfig } from '../config/load-config.ts';
import { isKept } from '../fed-generations.ts';
import { deliveryStatus, nothingDelivered, type DeliveryStatus } from './delivery-status.ts';
import { behind, logTimeAt, type Heads } from './heads.ts';
import { abandoned, unbuilt, type NextStep } from './next-step.ts';

/** How far a generation of a view is; one without a generation is a view that was never built. */
export interface ViewStatus extends DeliveryStatus {
  readonly projection: string;
  readonly group: string;
  readonly generation?: number;
  /** By the pointer: what gateways read is live, whatever the registry says yet. */
  readonly state?: GenerationState['kind'];
  /** The hash of the bundle that it runs from. */
  readonly bundle?: string;
  /** Whether the code, as it is now, would make it. */
  readonly isCode?: boolean;
  readonly documents: number;
  /** Positions of the change logs that are not below the view's watermarks yet. */
  readonly positionsBehind: number;
  /** Log time between its watermarks and what was captured. */
  readonly secondsBehind?: number;
  /** Of one that was never built, or that nobody goes on building. */
  readonly todo?: NextStep;
}

/** Every generation that is not retired, of every view. */
export async function viewStatuses(
  loaded: LoadedConfig,
  { groups, store }: ReplayProject,
  heads: Heads,
): Promise<readonly ViewStatus[]> {
  await store.prepare();
  const views: ViewStatus[] = [];
  for (const { name: group, projections } of groups) {
    const pointer = await store.pointer(group);
    for (const code of projections) {
      const { name: projection } = code.projection;
      const kept = (await store.generations(projection)).filter((one) => isKept(one, pointer));
      if (kept.length === 0) {
        const todo = unbuilt(projection, loaded.config.delivery === undefined);
        views.push({ projection, group, documents: 0, positionsBehind: 0, ...nothingDelivered, todo });
      }
      for (const generation of kept) {
        const figures = await viewFigures(generation, { loaded, heads, store });
        const delivery = await deliveryStatus(store, generation);
        const todo = await abandoned(generation, loaded.directory);
        const state = stateOf(generation, code, pointer);
        views.push({ projection, group, ...state, ...figures, ...delivery, ...(todo && { todo }) });
      }
    }
  }
  return views;
}

function stateOf(
  generation: Generation,
  code: ReplayProjection,
  pointer: LivePointer | undefined,
): Pick<ViewStatus, 'generation' | 'state' | 'bundle' | 'isCode'> {
  const { projection, number, state, bundle } = generation;
  const isLive = pointer?.live[projection] === number;
  // A move that was interrupted may have left the field behind.
  const kind = isLive ? 'live' : state.kind === 'live' ? 'ready' : state.kind;
  return { generation: number, state: kind, bundle, isCode: isMadeBy(generation, code) };
}

async function viewFigures(
  generation: Generation,
  {
    loaded,
    heads,
    store,
  }: { readonly loaded: LoadedConfig; readonly heads: Heads; readonly store: ReplayProject['store'] },
): Promise<Pick<ViewStatus, 'documents' | 'positionsBehind' | 'secondsBehind'>> {
  const [documents, progress] = await Promise.all([store.count(generation), store.progress(generation)]);
  let positionsBehind = 0;
  let seconds: number | undefined = 0;
  for (const ref of generation.logs) {
    // Behind the change log and not the event log: a view whose translation has stopped is not up to date.
    const head = heads.get(ref.source);
    const reached = progress[eventLogName(ref)]?.position ?? 0;
    const missing = Math.max(0, (head?.position ?? 0) - reached);
    positionsBehind += missing;
    if (missing === 0) continue;
    const at = await logTimeAt(changeLog(ref.source, loaded), reached);
    const { secondsBehind } = behind(missing, at, head?.logTime);
    if (seconds !== undefined) seconds = secondsBehind && Math.max(seconds, secondsBehind);
  }
  return { documents, positionsBehind, ...(seconds !== undefined && { secondsBehind: seconds }) };
}
