import { createSocket, type Socket } from 'node:dgram';

/** X-Ray's daemon: takes documents by UDP and sends them on. Whether it is there makes no difference to who sends. */
export interface XrayDaemon {
  /** Sends a document; one that cannot be made or sent is left out. */
  send(documentOf: () => object): void;
  /** Resolves when all that was to be sent is on its way, or it takes too long. */
  sent(): Promise<void>;
}

/** Before each document (X-Ray developer guide, "Sending segment documents to the X-Ray daemon"). */
const header = '{"format": "json", "version": 1}\n';

/** Milliseconds for which an invocation waits for its last datagram: resolving a name may take long. */
const patienceMs = 100;

/** @param address `address:port`, or `tcp:… udp:address:port` @returns undefined where it is neither */
export function daemonAt(address = ''): XrayDaemon | undefined {
  const [, host, port] = /(?:^|\budp:)([^\s:]+):(\d+)(?:\s|$)/.exec(address) ?? [];
  return host === undefined ? undefined : new Daemon(host, Number(port));
}

class Daemon implements XrayDaemon {
  readonly #host: string;
  readonly #port: number;
  readonly #sending = new Set<Promise<void>>();
  #socket: Socket | undefined;

  constructor(host: string, port: number) {
    this.#host = host;
    this.#port = port;
  }

  send(documentOf: () => object): void {
    const gone = (): void => void this.#sending.delete(sending);
    // A trace is never a reason for anything to fail.
    const sending: Promise<void> = this.#deliver(documentOf).then(gone, gone);
    this.#sending.add(sending);
  }

  async sent(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, patienceMs)));
    await Promise.race([Promise.all(this.#sending), late]);
    clearTimeout(timer);
  }

  /** Made at once: what it tells of may change. */
  async #deliver(documentOf: () => object): Promise<void> {
    const text = `${header}${JSON.stringify(documentOf())}`;
    const socket = (this.#socket ??= opened());
    await new Promise<void>((resolve) => {
      socket.send(text, this.#port, this.#host, () => resolve());
    });
  }
}

/** It keeps no process alive. */
function opened(): Socket {
  return createSocket('udp4')
    .on('error', () => undefined)
    .unref();
}
