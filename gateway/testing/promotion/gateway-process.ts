import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Closeable } from 'banyan/runtime';

/** A gateway process that runs. */
export interface GatewayProcess extends Closeable {
  readonly url: string;
}

/** Starts `served-gateway.ts`. */
export async function startGatewayProcess(
  connectionString: string,
  pointerAgeMs: number,
): Promise<GatewayProcess> {
  const script = fileURLToPath(new URL('./served-gateway.ts', import.meta.url));
  const rooms = fileURLToPath(new URL('../rooms-by-name.ts', import.meta.url));
  const flags = ['--disable-warning=ExperimentalWarning', '--import', rooms];
  const running = spawn(process.execPath, [...flags, script, connectionString, String(pointerAgeMs)], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  const ended = new Promise<number | null>((resolve) => running.once('close', resolve));
  const url = await new Promise<string>((resolve, reject) => {
    createInterface({ input: running.stdout }).once('line', resolve);
    running.once('error', reject);
    void ended.then((code) => reject(new Error(`the gateway process ended with ${String(code)}`)));
  });
  return {
    url,
    close: async () => {
      running.stdin.end();
      const code = await ended;
      if (code !== 0) throw new Error(`the gateway process ended with ${String(code)}`);
    },
  };
}
