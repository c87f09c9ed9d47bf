import type { DomainEvent } from 'banyan/events';
import { toError, type JsonObject } from 'banyan/runtime';
import type { z } from 'zod';

/** Why an event could not be folded. A value, since it stops one key and not the program. */
export interface FoldFailure {
  /**
   * HANDLER_THREW, DOCUMENT_INVALID (fails its schema), DOCUMENT_NOT_JSON, DOCUMENT_TOO_LARGE (for the store),
   * INDEX_INVALID, and, where no key can be told, KEY_INVALID.
   */
  readonly code:
    | 'HANDLER_THREW'
    | 'DOCUMENT_INVALID'
    | 'DOCUMENT_NOT_JSON'
    | 'DOCUMENT_TOO_LARGE'
    | 'INDEX_INVALID'
    | 'KEY_INVALID';
  readonly eventId: string;
  readonly eventType: string;
  /** What was wrong and where; paths and expectations, no values of rows. */
  readonly message: string;
  readonly details: JsonObject;
  readonly cause?: unknown;
}

/** Makes a failure of an event. */
export function failure(
  event: Pick<DomainEvent, 'id' | 'type'>,
  code: FoldFailure['code'],
  message: string,
  more: { readonly details?: JsonObject; readonly cause?: unknown } = {},
): FoldFailure {
  const { details = {}, ...cause } = more;
  return { code, eventId: event.id, eventType: event.type, message, details, ...cause };
}

/** The user's function threw. Its message is the user's own, and is told; a parser's is not: it quotes what it was given. */
export function threw(
  event: Pick<DomainEvent, 'id' | 'type'>,
  code: FoldFailure['code'],
  what: string,
  thrown: unknown,
): FoldFailure {
  const { name, message } = toError(thrown);
  if (name === 'SyntaxError')
    return failure(event, code, `${what} threw a SyntaxError: it was given what it cannot parse`);
  return failure(event, code, `${what} threw: ${message}`, { cause: thrown });
}

/** The document that a handler made fails the schema of the projection. */
export function invalidDocument(event: DomainEvent, error: z.ZodError): FoldFailure {
  const issues = error.issues.map(({ path, code, message }) => ({
    path: pathOf(path),
    code,
    expected: message,
  }));
  const told = issues.slice(0, 5).map(({ path, expected }) => `${path}: ${expected}`);
  const more = issues.length > told.length ? ` (and ${issues.length - told.length} more)` : '';
  return failure(
    event,
    'DOCUMENT_INVALID',
    `the document does not match its schema: ${told.join('; ')}${more}`,
    {
      details: { issues },
    },
  );
}

/** The document that a handler made is no JSON. */
export function notJson(
  event: DomainEvent,
  { path, found }: { readonly path: string; readonly found: string },
): FoldFailure {
  const message = `the document holds a ${found} at ${path}; expected JSON: objects, arrays, well-formed texts without U+0000, finite numbers, booleans, null`;
  return failure(event, 'DOCUMENT_NOT_JSON', message, { details: { path, found } });
}

/** The document that a handler made is larger than an item of the store may be. */
export function tooLarge(event: DomainEvent, bytes: number, most: number): FoldFailure {
  const message = `the document has ${bytes} bytes; an item of this store has ${most} at most: give the document fewer fields, or the view more keys`;
  return failure(event, 'DOCUMENT_TOO_LARGE', message, { details: { bytes, most } });
}

function pathOf(path: readonly PropertyKey[]): string {
  return path.reduce<string>(
    (text, step) => text + (typeof step === 'number' ? `[${step}]` : `.${String(step)}`),
    '$',
  );
}
