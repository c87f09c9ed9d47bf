import type { AnyProjection } from './projection.ts';

/** Another view's document, joined to each document when read. */
export interface Include {
  readonly name: string;
  readonly read: KeyRead<never, unknown>;
}

/** A read of one document by its key. `Parameters` is what the key is made from; `Result` what the reader gets. */
export interface KeyRead<Parameters, Result> {
  readonly kind: 'key';
  readonly projection: AnyProjection;
  key(parameters: Parameters): string | undefined;
  readonly includes: readonly Include[];
  /** Joins another view's document under a name: null where there is none. One batched look-up a page. */
  include<const Name extends string, Joined>(
    name: Name,
    read: KeyRead<Result, Joined>,
  ): KeyRead<Parameters, Result & { readonly [N in Name]: Joined | null }>;
}

/** A read of a page of documents by an index. */
export interface IndexRead<Parameters, Result> {
  readonly kind: 'index';
  readonly projection: AnyProjection;
  readonly index: string;
  readonly order: 'ascending' | 'descending';
  partition(parameters: Parameters): string | undefined;
  readonly includes: readonly Include[];
  /** As {@link KeyRead.include}. */
  include<const Name extends string, Joined>(
    name: Name,
    read: KeyRead<Result, Joined>,
  ): IndexRead<Parameters, Result & { readonly [N in Name]: Joined | null }>;
  /** The same page from the other end. */
  descending(): IndexRead<Parameters, Result>;
}

/** Makes a key read. */
export function keyRead<Parameters, Result>(
  projection: AnyProjection,
  key: (parameters: Parameters) => string | undefined,
  includes: readonly Include[] = [],
): KeyRead<Parameters, Result> {
  return {
    kind: 'key',
    projection,
    key,
    includes,
    include: (name, read) => keyRead(projection, key, [...includes, { name, read: read }]),
  };
}

/** Makes an index read. */
export function indexRead<Parameters, Result>(
  projection: AnyProjection,
  index: string,
  partition: (parameters: Parameters) => string | undefined,
  order: 'ascending' | 'descending' = 'ascending',
  includes: readonly Include[] = [],
): IndexRead<Parameters, Result> {
  return {
    kind: 'index',
    projection,
    index,
    order,
    partition,
    includes,
    include: (name, read) =>
      indexRead(projection, index, partition, order, [...includes, { name, read: read }]),
    descending: () =>
      indexRead(projection, index, partition, order === 'ascending' ? 'descending' : 'ascending', includes),
  };
}
