import type { LegacyAdapter } from 'banyan/legacy-adapter';
import type { ViewStore } from 'banyan/projections';
import { systemClock, type Clock, type Logger } from 'banyan/runtime';
import { Hono, type Context } from 'hono';
import { answer, type Answer } from './answer.ts';
import { answerCall } from './call.ts';
import { coverageOf } from './coverage.ts';
import { routeName, type AnyGateway } from './gateway.ts';
import { healthOf } from './health.ts';
import type { Identity } from './identity.ts';
import { liveGenerations } from './live.ts';
import { openApiOf, type GatewayGroup } from './openapi.ts';
import { bySpecificity, matchesPath, routerPath } from './path.ts';
import type { Route } from './route.ts';
import { serve } from './serve.ts';

/** What a gateway needs to serve. */
export interface GatewayAppOptions {
  readonly group: GatewayGroup;
  readonly gateway: AnyGateway;
  /** Only read. */
  readonly store: ViewStore;
  /** Absent: routes that are not public answer 501. */
  readonly identity?: Identity;
  /** Absent: writes answer 501. */
  readonly legacy?: LegacyAdapter;
  readonly logger: Logger;
  readonly clock?: Clock;
  /** Milliseconds for which the live pointer is used without asking again. Default 1,000. */
  readonly pointerAgeMs?: number;
  /** Milliseconds for which a read waits for what its session was shown already. Default 2,000. */
  readonly staleWaitMs?: number;
}

/**
 * Makes a group's HTTP application: its routes, `GET /health` and `GET /openapi.json`. It opens nothing: the store
 * and the adapter are closed by whoever opened them.
 */
export function createGatewayApp(options: GatewayAppOptions): Hono {
  const { group, gateway, store, identity, legacy, logger, clock = systemClock } = options;
  const { pointerAgeMs = 1_000, staleWaitMs = 2_000 } = options;
  const live = liveGenerations(store, group.name, clock, pointerAgeMs);
  const coverage = coverageOf(store);
  const serving = { group: group.name, store, live, coverage, staleWaitMs, identity, legacy };
  const using = { logger, clock };
  const openApi = openApiOf(group, gateway);
  const app = new Hono();

  app.get('/health', (c) =>
    answerCall(using, { request: c.req.raw, template: 'GET /health' }, () =>
      healthOf(group.name, gateway, serving),
    ),
  );
  app.get('/openapi.json', (c) =>
    answerCall(using, { request: c.req.raw, template: 'GET /openapi.json' }, async () =>
      Response.json(openApi),
    ),
  );
  for (const route of inOrder(gateway.routes)) {
    app.on(route.route.method, routerPath(route.route), (c) =>
      answerCall(
        using,
        { request: c.req.raw, template: routeName(route.route), path: pathOf(c, route) },
        (call) => serve(serving, route, call),
      ),
    );
  }
  app.notFound((c) =>
    answerCall(using, { request: c.req.raw, template: 'none' }, async ({ url }) =>
      noRoute(gateway.routes, url.pathname),
    ),
  );
  return app;
}

/** The first route that fits answers, so texts come before parameters. */
function inOrder(routes: readonly Route[]): readonly Route[] {
  return [...routes].sort(
    ({ route: one }, { route: other }) =>
      one.segments.length - other.segments.length || bySpecificity(one, other),
  );
}

function pathOf(c: Context, { route }: Route): Readonly<Record<string, string>> {
  return Object.fromEntries(route.parameters.map((name) => [name, c.req.param(name) ?? '']));
}

function noRoute(routes: readonly Route[], path: string): Answer {
  const methods = new Set<string>(['/health', '/openapi.json'].includes(path) ? ['GET'] : []);
  for (const { route } of routes) if (matchesPath(route, path)) methods.add(route.method);
  if (methods.has('GET')) methods.add('HEAD');
  if (methods.size === 0) {
    return answer('notFound', { message: 'There is no such route. GET /openapi.json lists them.' });
  }
  return answer('methodNotAllowed', { headers: { allow: [...methods].join(', ') } });
}
