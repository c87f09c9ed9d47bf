/** What was read of an answer's body. */
export type ReadBody =
  | { readonly kind: 'whole'; readonly body: unknown }
  | { readonly kind: 'tooLarge' }
  | { readonly kind: 'broken' };

/** Reads an answer's body up to a number of bytes; the rest is not waited for. */
export async function readBody(response: Response, maxBytes: number): Promise<ReadBody> {
  const read = await readBytes(response.body, maxBytes);
  if (read === 'tooLarge' || read === 'broken') return { kind: read };
  const text = new TextDecoder().decode(read);
  if (text === '') return { kind: 'whole', body: undefined };
  return { kind: 'whole', body: isJson(response) ? parsed(text) : text };
}

async function readBytes(
  stream: ReadableStream<Uint8Array> | null,
  maxBytes: number,
): Promise<Uint8Array | 'tooLarge' | 'broken'> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of stream ?? []) {
      size += chunk.byteLength;
      // Leaving the loop cancels the stream and with it the connection.
      if (size > maxBytes) return 'tooLarge';
      chunks.push(chunk);
    }
  } catch {
    return 'broken';
  }
  return Buffer.concat(chunks);
}

function isJson(response: Response): boolean {
  return /^application\/(?:[\w.-]+\+)?json\b/i.test(response.headers.get('content-type') ?? '');
}

/** Malformed JSON stays text: whoever maps the answer finds out, and says that the write was accepted. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
