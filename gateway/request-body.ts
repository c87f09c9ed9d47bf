import { answer, type Answer } from './answer.ts';
import { badRequest, problemsOf } from './parameters.ts';
import type { WriteRoute } from './route.ts';

/** Reads, parses and checks a write's body; nothing is read where the route takes none. */
export async function requestBody(
  { body: schema }: WriteRoute,
  request: Request,
  maxBytes: number,
): Promise<{ readonly body: unknown } | Answer> {
  if (schema === undefined) return { body: undefined };
  if (!/^application\/json\s*(;|$)/i.test(request.headers.get('content-type') ?? '')) {
    return answer('unsupportedMediaType');
  }
  const bytes = await readBytes(request, maxBytes);
  if (bytes === 'tooLarge') {
    return answer('tooLarge', { message: `The body is larger than ${maxBytes} bytes.` });
  }
  const parsed = parse(bytes);
  if (parsed === undefined) {
    return badRequest('The body is', [{ at: 'body', problem: 'expected JSON, in UTF-8' }]);
  }
  const checked = await schema.safeParseAsync(parsed.json);
  return checked.success
    ? { body: checked.data }
    : badRequest('The body is', problemsOf(checked.error, 'body'));
}

async function readBytes(request: Request, maxBytes: number): Promise<Uint8Array | 'tooLarge'> {
  if (Number(request.headers.get('content-length') ?? 0) > maxBytes) return 'tooLarge';
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of (request.body ?? []) as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength;
    if (size > maxBytes) return 'tooLarge';
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function parse(bytes: Uint8Array): { readonly json: unknown } | undefined {
  try {
    return { json: JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as unknown };
  } catch {
    return undefined;
  }
}
