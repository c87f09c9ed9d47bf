import type { AnyProjection, ViewStore } from 'banyan/projections';
import { answer, type Answer } from './answer.ts';
import type { AnyGateway } from './gateway.ts';
import type { Live } from './live.ts';
import { projectionsOf } from './projections-of.ts';
import { viewsOf } from './views.ts';

/** Healthy: every view that the gateway reads has a live generation. Which one it is, is told. */
export async function healthOf(
  group: string,
  gateway: AnyGateway,
  { store, live }: { readonly store: ViewStore; readonly live: Live },
): Promise<Answer> {
  const read = readBy(gateway);
  if (read.length === 0) return answer('ok', { message: 'Ready.', data: { group, live: {} } });
  const views = viewsOf({ store, group }, (await live.pointer())?.live);
  const generations = Object.fromEntries(read.map((one) => [one.name, views.live(one).number]));
  return answer('ok', { message: 'Ready.', data: { group, live: generations } });
}

function readBy({ routes }: AnyGateway): readonly AnyProjection[] {
  return routes.flatMap((route) => (route.kind === 'read' ? projectionsOf(route.read) : []));
}
