import type { AnyProjection, Include, ViewStore } from 'banyan/projections';
import { answer, type Answer } from './answer.ts';
import type { AnyGateway } from './gateway.ts';
import type { Live } from './live.ts';
import { viewsOf } from './views.ts';

/** Healthy: every view that the gateway reads has a live generation. Which one it is, is told. */
export async function healthOf(
  group: string,
  gateway: AnyGateway,
  { store, live }: { readonly store: ViewStore; readonly live: Live },
): Promise<Answer> {
  const read = projectionsOf(gateway);
  if (read.length === 0) return answer('ok', { message: 'Ready.', data: { group, live: {} } });
  const views = viewsOf(store, group, await live.pointer());
  const generations = Object.fromEntries(read.map((one) => [one.name, views.live(one).number]));
  return answer('ok', { message: 'Ready.', data: { group, live: generations } });
}

interface Reads {
  readonly projection: AnyProjection;
  readonly includes: readonly Include[];
}

function projectionsOf({ routes }: AnyGateway): readonly AnyProjection[] {
  return routes.flatMap((route) => (route.kind === 'read' ? readBy(route.read) : []));
}

function readBy({ projection, includes }: Reads): readonly AnyProjection[] {
  return [projection, ...includes.flatMap(({ read }) => readBy(read))];
}
