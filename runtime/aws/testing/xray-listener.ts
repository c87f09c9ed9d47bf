import { createSocket } from 'node:dgram';
import type { Closeable } from '../../lifecycle.ts';

/** A subsegment as X-Ray's daemon gets it. */
export interface SentSubsegment {
  readonly name: string;
  readonly id: string;
  readonly trace_id: string;
  readonly parent_id: string;
  readonly in_progress?: boolean;
  readonly annotations?: Readonly<Record<string, unknown>>;
  readonly aws?: Readonly<Record<string, unknown>>;
  readonly [field: string]: unknown;
}

/** What stands for X-Ray's daemon. */
export interface XrayListener extends Closeable {
  /** `address:port`. */
  readonly address: string;
  /** All that came, as it came. */
  readonly datagrams: readonly string[];
  /** The documents in them. @throws when a datagram does not begin as it must */
  documents(): readonly SentSubsegment[];
}

/** Listens on loopback. */
export async function startXrayListener(): Promise<XrayListener> {
  const datagrams: string[] = [];
  const socket = createSocket('udp4');
  socket.on('message', (message) => void datagrams.push(message.toString('utf8')));
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  return {
    address: `127.0.0.1:${socket.address().port}`,
    datagrams,
    documents: () => datagrams.map(documentOf),
    close: () => new Promise((resolve) => socket.close(() => resolve())),
  };
}

/** X-Ray developer guide: a header, a line break, and one document. */
function documentOf(datagram: string): SentSubsegment {
  const [header = '', ...rest] = datagram.split('\n');
  const { format, version } = JSON.parse(header) as { readonly format: string; readonly version: number };
  if (format !== 'json' || version !== 1) throw new Error(`not a header of X-Ray's daemon: ${header}`);
  return JSON.parse(rest.join('\n')) as SentSubsegment;
}
