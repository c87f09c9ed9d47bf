import { compareOrderKeys, type DomainEvent, type OrderKey } from 'banyan/events';
import type { Bounds } from '../converge/bounds.ts';
import { converge, type Converged } from '../converge/converge.ts';
import { isTooLong, type ConvergeLimits } from '../converge/limits.ts';
import { orderKeyOf } from '../fold.ts';
import type { AnyProjection } from '../projection.ts';
import type { Base, BehindCause, Document, Item } from '../view-store.ts';

/** What is known of events of the logs up to the frontier of their ends: all of them, and none of them can be overtaken. */
const read: Bounds = { isCovered: () => false, isSettled: () => true, nothingBefore: undefined };

/** Folds one key's events from its base, as they are read from the logs. Pure but for what it holds. */
export class KeyFold {
  readonly key: string;
  readonly #projection: AnyProjection;
  readonly #limits: ConvergeLimits;
  #document: Document | undefined;
  #at: OrderKey | undefined;
  #parked: Extract<BehindCause, { kind: 'parked' }> | undefined;
  #beyond: DomainEvent[] = [];
  #isTooMuch = false;

  constructor(projection: AnyProjection, key: string, base: Base, limits: ConvergeLimits) {
    this.key = key;
    this.#projection = projection;
    this.#limits = limits;
    this.#document = base.document;
    this.#at = base.at;
  }

  /** What was folded. */
  get base(): Base {
    return { document: this.#document, at: this.#at };
  }

  /** The event that cannot be applied, when one was met: the base is before it. */
  get parked(): Extract<BehindCause, { kind: 'parked' }> | undefined {
    return this.#parked;
  }

  /** Events behind the frontier; undefined: more than an item holds. */
  get beyond(): readonly DomainEvent[] | undefined {
    return this.#isTooMuch ? undefined : this.#beyond;
  }

  /** Folds events that come in order, and that no other can overtake. */
  fold(events: readonly DomainEvent[], isSkipped: (event: DomainEvent) => boolean): void {
    const wanted = events.filter((event) => this.#isNew(event));
    const last = wanted.at(-1);
    if (last === undefined || this.#parked) return;
    const item = itemOf(this.key, this.base);
    const applied = wanted.filter((event) => !isSkipped(event));
    const result = converge(this.#projection, this.key, item, applied, read, this.#limits);
    if (this.#take(result)) this.#at = orderKeyOf(last);
  }

  /** Keeps events that others may still overtake. */
  keep(events: readonly DomainEvent[]): void {
    if (this.#isTooMuch || this.#parked) return;
    this.#beyond.push(...events.filter((event) => this.#isNew(event)));
    if (!isTooLong(this.#beyond, this.#limits)) return;
    this.#isTooMuch = true;
    this.#beyond = [];
  }

  #isNew(event: DomainEvent): boolean {
    return this.#at === undefined || compareOrderKeys(event, this.#at) > 0;
  }

  /** Whether the events were folded to their end. */
  #take(result: Converged): boolean {
    if (result.kind === 'unchanged') return true;
    const { document, state } = result.item;
    if (state.kind !== 'behind') {
      this.#document = document;
      return true;
    }
    this.#document = state.base.document;
    this.#at = state.base.at;
    if (state.cause.kind === 'parked') this.#parked = state.cause;
    return false;
  }
}

/** The item that a base would be, were it all that there is. */
export function itemOf(key: string, { document, at }: Base, revision = 1): Item | undefined {
  if (at === undefined) return undefined;
  return document === undefined
    ? { key, revision, state: { kind: 'removed', at } }
    : { key, revision, document, state: { kind: 'settled', at } };
}
