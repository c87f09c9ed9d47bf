import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { BanyanError, isBanyanError, type Closeable } from 'banyan/runtime';
import type { ViewStore } from '../../view-store.ts';

/*
 * A view store of the test's process as functions in other processes see it, so that the test may hold up or fail any
 * call of theirs.
 */

interface Call {
  readonly name: string;
  readonly given: readonly unknown[];
}

type Made =
  | { readonly kind: 'made'; readonly value?: unknown }
  /** Of a map. */
  | { readonly kind: 'entries'; readonly entries: [unknown, unknown][] }
  | {
      readonly kind: 'failed';
      readonly code: string;
      readonly message: string;
      readonly retryable: boolean;
    };

/** Serves a store on loopback. */
export async function serveStore(store: ViewStore): Promise<Closeable & { readonly endpoint: string }> {
  const server = createServer((request, response) => {
    void (async () => {
      const made = await madeOf(store, (await json(request)) as Call);
      response.end(JSON.stringify(made));
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function madeOf(store: ViewStore, { name, given }: Call): Promise<Made> {
  try {
    const method = Reflect.get(store, name) as (...given: readonly unknown[]) => Promise<unknown>;
    const value = await Reflect.apply(method, store, given);
    return value instanceof Map ? { kind: 'entries', entries: [...value] } : { kind: 'made', value };
  } catch (error) {
    const { code, retryable } = isBanyanError(error) ? error : { code: 'FAILED', retryable: false };
    return { kind: 'failed', code, retryable, message: String(error) };
  }
}

/** The store that is served there. */
export function remoteStore(endpoint: string): ViewStore {
  const call = async (name: string, given: readonly unknown[]): Promise<unknown> => {
    const made = await ask(endpoint, { name, given });
    switch (made.kind) {
      case 'made':
        return made.value;
      case 'entries':
        return new Map(made.entries);
      case 'failed':
        throw new BanyanError(made.code, made.message, { retryable: made.retryable });
    }
  };
  const port = {};
  return new Proxy(port as ViewStore, {
    // An item's limit is the only property that is none of the methods.
    get: (_, name) =>
      typeof name !== 'string' || name === 'then' || name === 'itemBytes'
        ? undefined
        : (...given: readonly unknown[]) => call(name, given),
  });
}

async function ask(endpoint: string, call: Call): Promise<Made> {
  try {
    const answer = await fetch(endpoint, { method: 'POST', body: JSON.stringify(call) });
    return (await answer.json()) as Made;
  } catch (error) {
    throw new BanyanError('VIEW_STORE_UNREACHABLE', 'The store does not answer.', {
      retryable: true,
      cause: error,
    });
  }
}
