import { z } from 'zod';

/** A JSON Schema, 2020-12, as OpenAPI 3.1 takes it. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/**
 * The JSON Schema of a zod schema, standing at a place in a document: its own references are made to point there.
 * What JSON Schema cannot say (a transformation, a bigint) is left open.
 * @param at a JSON pointer with "#": `#/components/schemas/Order`
 */
export function jsonSchema(schema: z.ZodType, io: 'input' | 'output', at: string): JsonSchema {
  const made = z.toJSONSchema(schema, {
    io,
    unrepresentable: 'any',
    override: ({ jsonSchema: one }) => {
      // Answers may get more fields; a client that was made from this document must bear them.
      if (io === 'output' && one.additionalProperties === false) delete one.additionalProperties;
    },
  });
  const { $schema: _version, ...rest } = made;
  return rebase(rest, at) as JsonSchema;
}

function rebase(value: unknown, at: string): unknown {
  if (Array.isArray(value)) return value.map((one) => rebase(one, at));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) =>
      name === '$ref' && typeof inner === 'string' && inner.startsWith('#')
        ? [name, at + inner.slice(1)]
        : [name, rebase(inner, at)],
    ),
  );
}

/** An object with these fields, all of them always there. */
export function objectOf(properties: Readonly<Record<string, JsonSchema>>): JsonSchema {
  return { type: 'object', properties, required: Object.keys(properties) };
}

export function nullable(schema: JsonSchema): JsonSchema {
  return { anyOf: [schema, { type: 'null' }] };
}
