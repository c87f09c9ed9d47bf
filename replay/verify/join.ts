import { BanyanError } from 'banyan/runtime';

/** What has a key. */
interface Keyed {
  readonly key: string;
}

/** What both sides have under one key. */
export interface Joined<Left, Right> {
  readonly key: string;
  readonly left: Left | undefined;
  readonly right: Right | undefined;
  /** How many more the right side had under this key; the first of them is `right`. */
  readonly repeated: number;
}

/**
 * Joins two streams, both in code unit order of their keys, holding one portion of each. The left one has each key
 * once.
 * @throws BanyanError VERIFY_ORDER when a side is not in order: joined wrongly, equal keys would pass as missing ones
 */
export async function* joinByKey<Left extends Keyed, Right extends Keyed>(
  left: AsyncIterable<readonly Left[]>,
  right: AsyncIterable<readonly Right[]>,
): AsyncGenerator<Joined<Left, Right>, void> {
  const lefts = reader(left, 'view');
  const rights = reader(right, 'database');
  try {
    for (;;) {
      // Most steps need no waiting.
      const one = lefts.head() ?? (await lefts.fill());
      const other = rights.head() ?? (await rights.fill());
      if (!one && !other) return;
      const takesOne = one !== undefined && (other === undefined || one.key <= other.key);
      const takesOther = other !== undefined && (one === undefined || other.key <= one.key);
      const key = (takesOne ? one : other)?.key ?? '';
      if (takesOne) lefts.take();
      let repeated = 0;
      if (takesOther) {
        rights.take();
        for (; (rights.head() ?? (await rights.fill()))?.key === key; repeated += 1) rights.take();
      }
      yield { key, left: takesOne ? one : undefined, right: takesOther ? other : undefined, repeated };
    }
  } finally {
    await lefts.end();
    await rights.end();
  }
}

interface Reader<T> {
  /** The next one, if its portion was read. */
  head(): T | undefined;
  /** Reads on; undefined at the end. */
  fill(): Promise<T | undefined>;
  take(): void;
  end(): Promise<void>;
}

function reader<T extends Keyed>(stream: AsyncIterable<readonly T[]>, side: string): Reader<T> {
  const portions = stream[Symbol.asyncIterator]();
  let portion: readonly T[] = [];
  let at = 0;
  let last: string | undefined;
  const head = (): T | undefined => portion[at];
  return {
    head,
    fill: async () => {
      while (at >= portion.length) {
        const step: IteratorResult<readonly T[], unknown> = await portions.next();
        if (step.done === true) return undefined;
        portion = step.value;
        at = 0;
      }
      return head();
    },
    take: () => {
      const key = portion[at]?.key;
      if (last !== undefined && key !== undefined && key < last) throw outOfOrder(side, last, key);
      last = key;
      at += 1;
    },
    end: async () => {
      await portions.return?.();
    },
  };
}

function outOfOrder(side: string, before: string, key: string): BanyanError {
  return new BanyanError(
    'VERIFY_ORDER',
    `The ${side} gave key ${JSON.stringify(key)} behind ${JSON.stringify(before)}; expected the order of their code ` +
      'units. Its adapter is wrong: report it.',
    { details: { side, before, key } },
  );
}
