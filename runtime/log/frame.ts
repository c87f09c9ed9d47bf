import zlib from 'node:zlib';
import type { Line, LineFrame } from './log.ts';

/**
 * The bytes of a line. A writer puts `durable` on the first line of every chunk that it writes: the last position
 * that was durable before this chunk was begun to be written. Recovery needs it (see `recover.ts`).
 *
 *     {"crc":"9a0b1c2d","position":12,"previous":11,"part":0,"last":true, ...payload}
 *     {"crc":"9a0b1c2d","durable":11              ,"position":12,"previous":11,"part":0,"last":true, ...payload}
 *
 * The checksum is that of the bytes from offset 18 to the line's end, without the newline.
 */
export interface Frame extends LineFrame {
  readonly durable: number | undefined;
}

/** Bytes before what is checksummed: `{"crc":"9a0b1c2d",`. */
export const crcPrefixBytes = 18;
/** Bytes of `"durable":11              ,`; 16 digits hold every safe integer. */
export const durableBytes = 27;
export const newline = 10;

const framePattern =
  /(?:"durable":(\d+) *,)?"position":(\d+),"previous":(\d+),"part":(\d+),"last":(true|false)/y;
/** More than the longest frame. */
const frameBytes = 160;

/** The frame's text, as it is within a line. */
export function frameText({ position, previous, part, last }: LineFrame): string {
  return `"position":${position},"previous":${previous},"part":${part},"last":${String(last)}`;
}

export function crcText(crc: number): string {
  return crc.toString(16).padStart(8, '0');
}

/** The frame of the line that begins at `start` of a text, or undefined when there is none. */
export function frameAt(text: string, start: number): Frame | undefined {
  framePattern.lastIndex = start + crcPrefixBytes;
  const found = framePattern.exec(text);
  if (found === null) return undefined;
  return {
    durable: found[1] === undefined ? undefined : Number(found[1]),
    position: Number(found[2]),
    previous: Number(found[3]),
    part: Number(found[4]),
    last: found[5] === 'true',
  };
}

/** The frame of a line in bytes, if its checksum is right. */
export function checkedFrame(bytes: Buffer, start: number, end: number): Frame | undefined {
  if (!crcIsRight(bytes, start, end)) return undefined;
  return frameAt(bytes.toString('latin1', start, Math.min(end, start + frameBytes)), 0);
}

/** Whether the line's checksum is right. */
export function crcIsRight(bytes: Buffer, start: number, end: number): boolean {
  if (end - start <= crcPrefixBytes) return false;
  const told = bytes.toString('latin1', start + 8, start + 16);
  return told === crcText(zlib.crc32(bytes.subarray(start + crcPrefixBytes, end)));
}

/** The frames of whole lines, which were checked before. */
export function* framesOf(bytes: Buffer): Generator<LineFrame> {
  for (let start = 0; start < bytes.length; start = bytes.indexOf(newline, start) + 1) {
    const frame = frameAt(bytes.toString('latin1', start, start + frameBytes), 0);
    if (frame !== undefined) yield bare(frame);
  }
}

/** The frame alone, of a line or a frame that says more. */
export function bare({ position, previous, part, last }: LineFrame): LineFrame {
  return { position, previous, part, last };
}

/** Parses a line of a text, from `start` to `end`, to its frame and payload alone. */
export function parseLine<Payload>(text: string, start: number, end: number): Line<Payload> {
  const isFirstOfChunk = text.charCodeAt(start + crcPrefixBytes + 1) === 100; // d of durable
  const body = start + crcPrefixBytes + (isFirstOfChunk ? durableBytes : 0);
  return JSON.parse(`{${text.slice(body, end)}`) as Line<Payload>;
}

/** Whether a line comes after the one before, or begins the log when there is none (`undefined`: not known). */
export function follows(before: LineFrame | undefined, line: LineFrame, dense: boolean): boolean {
  if (before === undefined) return true;
  if (!before.last) {
    return (
      line.position === before.position && line.part === before.part + 1 && line.previous === before.previous
    );
  }
  if (line.part !== 0 || line.previous !== before.position) return false;
  return dense ? line.position === before.position + 1 : line.position > before.position;
}

/** The line before the first one of a log. */
export const beginning: LineFrame = { position: 0, previous: 0, part: 0, last: true };
