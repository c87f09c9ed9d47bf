import diagnostics from 'node:diagnostics_channel';

/** How far a request got, as undici tells it. `unseen`: undici told nothing. */
export type SendingPhase = 'unseen' | 'waiting' | 'sent';

/** Watches one request. */
export interface SendingWatch {
  phase(): SendingPhase;
  end(): void;
}

/** What undici publishes; see its documentation, "Diagnostics Channel Support". */
interface UndiciMessage {
  readonly request?: { readonly headers?: unknown };
}

const watched = new Map<string, SendingPhase>();
let subscribed = false;

/**
 * Follows whether the request with this `traceparent` (unique to it) has begun to go out. A time-out or a lost
 * connection before that moment is a write that did not happen; only undici knows the moment, and it tells it on
 * Node's diagnostics channels.
 */
export function watchSending(traceparent: string): SendingWatch {
  subscribe();
  watched.set(traceparent, 'unseen');
  return { phase: () => watched.get(traceparent) ?? 'unseen', end: () => void watched.delete(traceparent) };
}

function subscribe(): void {
  if (subscribed) return;
  subscribed = true;
  diagnostics.subscribe('undici:request:create', (message) => mark(message, 'waiting'));
  diagnostics.subscribe('undici:client:sendHeaders', (message) => mark(message, 'sent'));
}

function mark(message: unknown, phase: SendingPhase): void {
  if (watched.size === 0) return;
  const traceparent = headerOf((message as UndiciMessage).request?.headers);
  if (traceparent !== undefined && watched.has(traceparent)) watched.set(traceparent, phase);
}

/** undici keeps headers as names and values in turn; older versions as one text. */
function headerOf(headers: unknown): string | undefined {
  if (typeof headers === 'string') return /^traceparent: (\S+)/im.exec(headers)?.[1];
  if (!Array.isArray(headers)) return undefined;
  const list = headers as unknown[];
  const at = list.findIndex((name, index) => index % 2 === 0 && String(name).toLowerCase() === 'traceparent');
  return at < 0 ? undefined : String(list[at + 1]);
}
