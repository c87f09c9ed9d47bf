import type { Location } from './cursor.ts';
import { corrupt } from './errors.ts';
import { beginning, follows, parseLine } from './frame.ts';
import type { Line, LineFrame } from './log.ts';
import { blockBytes, openSegmentSync, type OpenSegmentSync } from './segment-reader.ts';
import { chooseSegments, comparePlaces, type Place, type SegmentFile } from './segment-name.ts';
import type { LogView } from './view.ts';

/**
 * The lines of a durable entry, read again from its files by blocks, without waiting. Each pass looks for the
 * files anew, since they may have been sealed since.
 */
export function* rereadLines<Payload>(
  view: LogView,
  from: Location,
  entry: LineFrame,
): Generator<Line<Payload>> {
  let before: LineFrame = { ...beginning, position: entry.previous };
  for (let { segment, offset } = from; ; offset = 0) {
    const opened = open(view, segment);
    try {
      for (
        let read = opened.lines(offset, blockBytes);
        read.length > 0;
        read = opened.lines(offset, blockBytes)
      ) {
        offset += read.length;
        for (const line of linesOf<Payload>(read)) {
          if (!follows(before, line, false)) throw notThere(view, line);
          yield line;
          if (line.last) return;
          before = line;
        }
      }
    } finally {
      opened.close();
    }
    segment = { position: before.position, part: before.part + 1 };
  }
}

function* linesOf<Payload>(bytes: Buffer): Generator<Line<Payload>> {
  const text = bytes.toString('utf8');
  for (let start = 0; start < text.length;) {
    const end = text.indexOf('\n', start);
    yield parseLine<Payload>(text, start, end);
    start = end + 1;
  }
}

function open(view: LogView, start: Place): OpenSegmentSync {
  const known = view.segments().find(({ file }) => comparePlaces(file.start, start) === 0)?.file;
  for (let tries = 1; ; tries++) {
    const file = now(view, start, known);
    try {
      if (file !== undefined) return openSegmentSync(view.fileSystem, view.directory, file);
    } catch (error) {
      // Sealed and removed between listing and opening.
      if ((error as { code?: unknown }).code !== 'ENOENT' || tries === 5) throw error;
      continue;
    }
    throw notThere(view, start);
  }
}

function now(view: LogView, start: Place, known: SegmentFile | undefined): SegmentFile | undefined {
  const names = view.fileSystem.listSync(view.directory);
  const files = chooseSegments(names, ({ stem }) => stem === known?.stem);
  return files.find((file) => comparePlaces(file.start, start) === 0);
}

function notThere(view: LogView, { position, part }: Place) {
  return corrupt(view.directory, undefined, `line ${part} of position ${position} is not where it was`);
}
