import type { Item } from 'banyan/projections';

/**
 * What an answer says of the documents that it is made of. `parked`: one of their events cannot be applied, and the
 * document is the last good one (G9). `behind`: events are known that are not in it yet; they come by themselves.
 * `eventual`: an index that follows its documents a moment later said which they are; one may be missing (G8).
 */
export type Notice = 'parked' | 'behind' | 'eventual';

/** The response header of each notice; its value is `true`. */
export const noticeHeaders: Readonly<Record<Notice, string>> = {
  parked: 'banyan-parked',
  behind: 'banyan-behind',
  eventual: 'banyan-eventual',
};

/** What is to be said of an item; undefined: it is as it should be. */
export function noticeOf({ state }: Item): Notice | undefined {
  switch (state.kind) {
    case 'settled':
    case 'removed':
      return undefined;
    case 'open':
      return state.doubt && 'behind';
    case 'behind':
      return state.cause.kind === 'parked' ? 'parked' : 'behind';
  }
}

/** The headers that say it. */
export function headersOf(notices: ReadonlySet<Notice>): Record<string, string> {
  return Object.fromEntries([...notices].map((notice) => [noticeHeaders[notice], 'true']));
}
