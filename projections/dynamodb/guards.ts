import type { Dynamo, Row } from './dynamo.ts';
import { allOf, inParts } from './batches.ts';
import { shardName } from './names.ts';

/*
 * A write that creates an item must not make again what was removed, its tombstone purged, however long its process
 * slept between looking at the watermark and writing. DynamoDB checks conditions on several rows in a transaction; but
 * transactions that look at the same row are in each other's way. So there are many guards, all alike: a writer looks
 * at any one of them, and who purges moves all of them before it deletes. A guard that is still as it was read before
 * the watermark was says that nothing was deleted which that watermark does not cover.
 */

/** A guard, and how often it was moved when it was looked at: undefined, never. */
export interface Guard {
  readonly key: Row;
  readonly moves: string | undefined;
}

/** What work with guards found out about them. */
interface Found {
  /** They are not as they were: they are read again before they are used again. */
  readonly forget: readonly Guard[];
  /** Others were at them: others than these are taken the next time. */
  readonly leave: readonly Guard[];
}

/**
 * The guards of a generation's table, as this process knows them. A process keeps to those at which it met nobody, and
 * takes others at random for those at which it did: so all processes come to be apart, while there are enough of them.
 */
export class Guards {
  readonly #dynamo: Dynamo;
  readonly #table: string;
  readonly #count: number;
  readonly #known = new Map<number, Guard>();
  readonly #taken = new Set<number>();
  /** Those that it keeps to. */
  #own: readonly number[] = [];

  constructor(dynamo: Dynamo, table: string, count: number) {
    this.#dynamo = dynamo;
    this.#table = table;
    this.#count = count;
  }

  /**
   * So many guards (or as many as there are) that no other transaction of this process uses, each read at some time
   * before; runs the work with them.
   */
  async using<T extends Found>(count: number, work: (guards: readonly Guard[]) => Promise<T>): Promise<T> {
    const taken = this.#take(count);
    try {
      const guards = await allOf(taken.map((at) => this.#read(at)));
      const done = await work(guards);
      const placesOf = (some: readonly Guard[]): number[] =>
        taken.filter((_, at) => some.includes(guards[at] as Guard));
      for (const at of placesOf(done.forget)) this.#known.delete(at);
      const left = placesOf(done.leave);
      this.#own = this.#own.filter((at) => !left.includes(at));
      return done;
    } finally {
      for (const at of taken) this.#taken.delete(at);
    }
  }

  /** Moves all guards: every write that looked at one of them before is refused from now on. */
  async moveAll(): Promise<void> {
    const all = Array.from({ length: this.#count }, (_, at) => guardKey(at));
    for (const part of inParts(all, 32)) await allOf(part.map((Key) => this.#move(Key)));
  }

  async #move(Key: Row): Promise<void> {
    await this.#dynamo.update({
      TableName: this.#table,
      Key,
      UpdateExpression: 'ADD v :one',
      ExpressionAttributeValues: { ':one': { N: '1' } },
    });
  }

  #take(count: number): number[] {
    const free = Array.from({ length: this.#count }, (_, at) => at).filter((at) => !this.#taken.has(at));
    const kept = this.#own.filter((at) => free.includes(at)).slice(0, count);
    const others = free.filter((at) => !this.#own.includes(at));
    const added = Array.from({ length: Math.min(count - kept.length, others.length) }, () =>
      others.splice(Math.floor(Math.random() * others.length), 1),
    ).flat();
    this.#own = [...this.#own, ...added];
    // All in use: then two transactions share one, and may have to wait for each other.
    const taken = free.length > 0 ? [...kept, ...added] : [Math.floor(Math.random() * this.#count)];
    for (const at of taken) this.#taken.add(at);
    return taken;
  }

  async #read(at: number): Promise<Guard> {
    const known = this.#known.get(at);
    if (known) return known;
    const key = guardKey(at);
    const { Item } = await this.#dynamo.get({ TableName: this.#table, Key: key, ConsistentRead: true });
    const guard = { key, moves: Item?.['v']?.N };
    this.#known.set(at, guard);
    return guard;
  }
}

function guardKey(at: number): Row {
  return { p: { S: `g${shardName(at)}` }, k: { S: 'guard' } };
}
