import { promisify } from 'node:util';
import zlib from 'node:zlib';
import { BanyanError } from '../errors.ts';

/** How sealed segments are compressed; also the ending of their file names. */
export type Codec = 'zst' | 'gz';

const gzip = promisify(zlib.gzip);
const gunzip = promisify(zlib.gunzip);
// Node has zstd from 22.15 on (and 23.8); the types do not say so.
const hasZstd = typeof (zlib as Partial<typeof zlib>).zstdCompress === 'function';
const level = { [zlib.constants.ZSTD_c_compressionLevel]: 1, [zlib.constants.ZSTD_c_checksumFlag]: 1 };

/** The codec for new segments: zstd where this Node has it (docs/decisions/0001-log-format.md has the figures). */
export const bestCodec: Codec = hasZstd ? 'zst' : 'gz';

/** Compresses to one zstd frame or gzip member of its own; concatenated ones are a whole file for zstdcat and zcat. */
export async function compress(codec: Codec, bytes: Buffer): Promise<Buffer> {
  if (codec === 'gz') return gzip(bytes, { level: 1 });
  return promisify(zlib.zstdCompress)(bytes, { params: level });
}

/** Decompresses one frame or member of `rawBytes`; more is an error. */
export async function decompress(codec: Codec, bytes: Buffer, rawBytes: number): Promise<Buffer> {
  if (codec === 'gz') return gunzip(bytes, outputOf(rawBytes));
  checkZstd();
  return promisify(zlib.zstdDecompress)(bytes, outputOf(rawBytes));
}

/** As {@link decompress}, without waiting. */
export function decompressSync(codec: Codec, bytes: Buffer, rawBytes: number): Buffer {
  if (codec === 'gz') return zlib.gunzipSync(bytes, outputOf(rawBytes));
  checkZstd();
  return zlib.zstdDecompressSync(bytes, outputOf(rawBytes));
}

/** All of it in one piece: pieces of the default 16 KiB cost a tenth of the time of reading a log. */
function outputOf(rawBytes: number) {
  return { maxOutputLength: rawBytes + 1, chunkSize: Math.max(rawBytes + 1, 64) };
}

function checkZstd(): void {
  if (hasZstd) return;
  throw new BanyanError(
    'LOG_NEEDS_ZSTD',
    `This log has segments compressed with zstd, which Node ${process.version} cannot read. Run with Node 22.15 or newer.`,
    { details: { node: process.version } },
  );
}
