import { createGatewayApp, serveGateway } from 'banyan/gateway';
import { createLegacyAdapter, type LegacyAdapter } from 'banyan/legacy-adapter';
import type { Closeable, Logger } from 'banyan/runtime';
import type { LoadedConfig } from '../config/load-config.ts';

/** A group's gateway, listening. */
export interface RunningGateway extends Closeable {
  readonly group: string;
  /** Without a slash at the end. */
  readonly url: string;
}

/**
 * Starts the gateway of each group that has one. What is started is added to `started`, so that it is closed even
 * when a later one fails to start.
 * @throws BanyanError GATEWAY_PORT_IN_USE
 */
export async function startGateways(
  { config }: LoadedConfig,
  { logger, started }: { readonly logger: Logger; readonly started: Closeable[] },
): Promise<readonly RunningGateway[]> {
  const legacy = legacyAdapter(config.legacy, logger);
  if (legacy) started.push(legacy);
  const running: RunningGateway[] = [];
  for (const { name, owner, gateway } of config.groups) {
    if (!gateway) continue;
    const app = createGatewayApp({
      group: { name, owner },
      gateway,
      store: config.views,
      logger: logger.child({ group: name }),
      ...(config.identity && { identity: config.identity }),
      ...(legacy && { legacy }),
    });
    const { host = '127.0.0.1', ports = {} } = config.gateways ?? {};
    const served = await serveGateway({ app, host, port: ports[name] ?? 0, group: name });
    started.push(served);
    running.push({ group: name, url: served.url, close: () => served.close() });
  }
  return running;
}

function legacyAdapter(options: LoadedConfig['config']['legacy'], logger: Logger): LegacyAdapter | undefined {
  return options && createLegacyAdapter({ identity: 'pass-on', ...options, logger });
}
