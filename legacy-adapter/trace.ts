import { randomBytes } from 'node:crypto';

/** W3C Trace Context, version 00; all-zero ids are invalid. */
const shape = /^00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})$/;

/** A `traceparent` with a new span: of the given one's trace, or of a new trace when there is none or it is not valid. */
export function childTrace(traceparent: string | undefined): string {
  const parent = traceparent === undefined ? null : shape.exec(traceparent);
  const trace = parent?.[1] ?? randomBytes(16).toString('hex');
  return `00-${trace}-${randomBytes(8).toString('hex')}-${parent?.[2] ?? '01'}`;
}
