/** A sorted sequence that is read in portions; undefined: it has ended. */
export type Portions<T> = () => Promise<readonly T[] | undefined>;

/**
 * The first so many of several sorted sequences, merged. A portion of each is asked for at once; then of those alone
 * that have run out before enough were found.
 */
export async function firstOf<T>(
  sequences: readonly Portions<T>[],
  count: number,
  isBefore: (one: T, other: T) => boolean,
): Promise<T[]> {
  const found: T[] = [];
  let heads: Head<T>[] = sequences.map((more) => ({ more, portion: [], at: 0 }));
  while (found.length < count) {
    heads = (await Promise.all(heads.map(refilled))).filter((head) => head !== undefined);
    if (heads.length === 0) break;
    takeWhileFull(heads, count, isBefore, found);
  }
  return found;
}

interface Head<T> {
  readonly more: Portions<T>;
  portion: readonly T[];
  at: number;
}

async function refilled<T>(head: Head<T>): Promise<Head<T> | undefined> {
  while (head.at >= head.portion.length) {
    const portion = await head.more();
    if (!portion) return undefined;
    head.portion = portion;
    head.at = 0;
  }
  return head;
}

/** Takes the least again and again, until enough are found or a portion has run out: what follows it may be less. */
function takeWhileFull<T>(
  heads: readonly Head<T>[],
  count: number,
  isBefore: (one: T, other: T) => boolean,
  found: T[],
): void {
  while (found.length < count) {
    let least: Head<T> | undefined;
    for (const head of heads) if (!least || isBefore(valueOf(head), valueOf(least))) least = head;
    if (!least) return;
    found.push(valueOf(least));
    least.at += 1;
    if (least.at >= least.portion.length) return;
  }
}

function valueOf<T>({ portion, at }: Head<T>): T {
  return portion[at] as T;
}
