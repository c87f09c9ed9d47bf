import { readSession, sessionHeader } from '../../session.ts';
import { allOrders, liveAt, totalOf, type Logic } from './views.ts';

/** A document as a reader gets it. */
interface Shown {
  readonly orderId: string;
  readonly customerId: string;
  readonly total: number;
  readonly count: number;
  readonly logic: Logic;
  readonly customer?: { readonly customerId: string; readonly count: number; readonly logic: Logic } | null;
}

/** A walk through a customer's pages. */
interface Walk {
  readonly customerId: string;
  readonly logic: Logic;
  readonly next: string;
  readonly seen: readonly string[];
}

/** What an address was answered with last. */
interface Kept {
  readonly tag: string;
  readonly documents: readonly Shown[];
  readonly next: string | null;
}

/** How a reader asks. */
export interface ReaderOptions {
  readonly urls: readonly string[];
  /** In [0, 1). */
  readonly random: () => number;
  /** Whether it sends its session; one that does not is only promised whole answers. */
  readonly session: boolean;
  /** The epoch of the pointer's last move that has begun. */
  readonly newestEpoch: () => number;
}

/**
 * A client that moves between gateways and checks every answer: it is what one generation holds, and its session
 * never goes back. What is wrong is thrown.
 */
export class Reader {
  readonly #options: ReaderOptions;
  readonly #kept = new Map<string, Kept>();
  readonly #counts = new Map<string, number>();
  #token: string | undefined;
  #epoch = 0;
  #walk: Walk | undefined;
  /** How many answers were 304. */
  notModified = 0;
  /** How many pages were read in generations that were not live any more. */
  pagesOfFormer = 0;

  constructor(options: ReaderOptions) {
    this.#options = options;
  }

  /** The epochs that its session came through begin with this one. */
  get epoch(): number {
    return this.#epoch;
  }

  /** One request, at random. */
  async step(): Promise<void> {
    const chosen = this.#options.random();
    if (this.#walk !== undefined && chosen < 0.6) return this.#walkOn(this.#walk);
    const { orderId, customerId } = this.#pick(allOrders);
    if (chosen < 0.3) await this.#ask(`/plain/${orderId}`);
    else if (chosen < 0.6) await this.#ask(`/orders/${orderId}`);
    else await this.#beginWalk(customerId);
  }

  /** Asks everything again that it keeps of a logic; none of it may be confirmed. */
  async refuses(old: Logic): Promise<number> {
    const paths = [...this.#kept].filter(([, { documents }]) => documents[0]?.logic === old);
    const fresh = paths.filter(([path]) => !path.includes('after='));
    for (const [path] of fresh) {
      const { documents } = await this.#ask(path);
      if (documents[0]?.logic === old) throw new Error(`${path} is still ${old}`);
    }
    return fresh.length;
  }

  async #beginWalk(customerId: string): Promise<void> {
    const { documents, next } = await this.#ask(pagePath(customerId));
    this.#goOn({ customerId, logic: documents[0]?.logic ?? 'faulty', next: '', seen: [] }, documents, next);
  }

  async #walkOn(walk: Walk): Promise<void> {
    const path = `${pagePath(walk.customerId)}&after=${walk.next}`;
    const { documents, next } = await this.#ask(path, walk.logic);
    if (walk.logic !== liveAt(this.#epoch)) this.pagesOfFormer += 1;
    this.#goOn(walk, documents, next);
  }

  #goOn(walk: Walk, documents: readonly Shown[], next: string | null): void {
    const seen = [...walk.seen, ...documents.map(({ orderId }) => orderId)];
    this.#walk = next === null ? undefined : { ...walk, next, seen };
    const all = allOrders.flatMap((one) => (one.customerId === walk.customerId ? [one.orderId] : []));
    if (next === null && seen.join() !== all.join()) throw new Error(`pages of ${seen.join()}`);
  }

  /** @param pinned the logic that a walk was begun in */
  async #ask(path: string, pinned?: Logic): Promise<Kept> {
    const kept = this.#kept.get(path);
    const response = await fetch(this.#pick(this.#options.urls) + path, {
      headers: {
        ...(kept && { 'if-none-match': kept.tag }),
        ...(this.#options.session && this.#token !== undefined && { [sessionHeader]: this.#token }),
      },
    });
    const text = await response.text();
    const told = `${path} ${response.status} ${text} ${JSON.stringify([...response.headers])}`;
    if (response.status !== 200 && response.status !== 304) throw new Error(told);
    const answered = response.status === 304 ? kept : keptOf(response, text);
    if (answered === undefined) throw new Error(`nothing was kept: ${told}`);
    this.notModified += response.status === 304 ? 1 : 0;
    this.#takeSession(response, told);
    this.#check(answered.documents, pinned ?? this.#expected(), told);
    this.#kept.set(path, answered);
    return answered;
  }

  /** Without a session, whatever one of the generations holds. */
  #expected(): Logic | undefined {
    return this.#options.session ? liveAt(this.#epoch) : undefined;
  }

  #takeSession(response: Response, told: string): void {
    const token = response.headers.get(sessionHeader);
    const given = readSession(token ?? undefined, 'orders');
    if (given.kind !== 'session') throw new Error(`no session: ${told}`);
    const { epoch } = given.session;
    const back = this.#options.session && epoch < this.#epoch;
    if (back || epoch > this.#options.newestEpoch()) throw new Error(`from epoch ${this.#epoch}: ${told}`);
    this.#token = token ?? undefined;
    this.#epoch = epoch;
  }

  #check(documents: readonly Shown[], logic: Logic | undefined, told: string): void {
    const expected = logic ?? documents[0]?.logic;
    for (const { customer, ...document } of documents) {
      const whole = document.logic === expected && (customer?.logic ?? expected) === expected;
      const right = document.total === totalOf(document.logic, document.count);
      if (!whole || !right || customer === null) throw new Error(`expected ${expected}: ${told}`);
      this.#counted(document.orderId, document.count, told);
      if (customer) this.#counted(customer.customerId, customer.count, told);
    }
  }

  #counted(key: string, count: number, told: string): void {
    const before = this.#counts.get(key) ?? 0;
    if (this.#options.session && count < before) throw new Error(`${key} back from ${before}: ${told}`);
    this.#counts.set(key, count);
  }

  #pick<T>(some: readonly T[]): T {
    return some[Math.floor(this.#options.random() * some.length)] as T;
  }
}

function pagePath(customerId: string): string {
  return `/customers/${customerId}/orders?limit=2`;
}

function keptOf(response: Response, text: string): Kept {
  const { data } = JSON.parse(text) as { data: Shown | { items: Shown[]; next: string | null } };
  const tag = response.headers.get('etag') ?? '';
  return 'items' in data
    ? { tag, documents: data.items, next: data.next }
    : { tag, documents: [data], next: null };
}
