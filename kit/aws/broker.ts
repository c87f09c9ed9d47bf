import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  isEmulatorName,
  startEmulator,
  type Emulator,
  type EmulatorName,
  type StartedEmulator,
} from './start-emulator.ts';

/** What starts the emulators of a test run, each at the first request for it, and ends them. */
export interface Broker {
  /** Of loopback: `GET /NAME` answers with the `Emulator` as JSON, or 500 and why it did not start. */
  readonly port: number;
  close(): Promise<void>;
}

/** Starts a broker. */
export async function startBroker(start: typeof startEmulator = startEmulator): Promise<Broker> {
  const ending = new AbortController();
  const asked = new Map<EmulatorName, Promise<StartedEmulator>>();
  const once = (name: EmulatorName): Promise<StartedEmulator> => {
    const emulator = asked.get(name) ?? start(name, ending.signal);
    asked.set(name, emulator);
    return emulator;
  };
  const server = createServer((request, response) => {
    const name = (request.url ?? '').slice(1);
    if (!isEmulatorName(name)) {
      answer(response, 404, `There is no emulator "${name}".`);
      return;
    }
    once(name).then(
      (emulator) => answer(response, 200, told(emulator)),
      (error: unknown) => answer(response, 500, String(error)),
    );
  });
  return {
    port: await listen(server),
    close: async () => {
      ending.abort();
      server.close();
      server.closeAllConnections();
      // One that could not be started has told those who asked for it.
      const started = await Promise.allSettled(asked.values());
      const running = started.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
      await Promise.all(running.map((emulator) => emulator.close()));
    },
  };
}

function told(emulator: StartedEmulator): Emulator {
  return emulator.kind === 'running'
    ? { kind: 'running', endpoint: emulator.endpoint }
    : { kind: 'missing', why: emulator.why };
}

function answer(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve);
  });
  return (server.address() as AddressInfo).port;
}
