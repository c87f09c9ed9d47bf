import { BanyanError, isBanyanError } from 'banyan/runtime';
import type { GenerationId } from '../view-store.ts';

/** Whether DynamoDB says that a call can never be done as it is: an item is too large, or one of its keys. */
export function isInvalid(error: unknown): error is BanyanError {
  return isBanyanError(error, 'VIEW_STORE_FAILED') && error.details['error'] === 'ValidationException';
}

/** The error of an item that DynamoDB does not take: it alone is to blame. @param why as DynamoDB says it */
export function notStorable(id: GenerationId, key: string, cause: Error, why = cause.message): BanyanError {
  return new BanyanError(
    'DOCUMENT_NOT_STORABLE',
    `The item of view ${id.projection}, generation ${id.number}, under key ${JSON.stringify(key)} is none that ` +
      `DynamoDB takes: ${why} Make its document smaller, or its key or index values valid, in the handler.`,
    { cause, details: { projection: id.projection, generation: id.number, key } },
  );
}
