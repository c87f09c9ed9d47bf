import { nodeFileSystem, type FileSystem } from 'banyan/runtime';

/** The machine's file system, which is held up at a call until it is let. */
export interface GatedFileSystem {
  readonly fileSystem: FileSystem;
  /** Resolves once somebody waits there. */
  readonly reached: Promise<void>;
  readonly open: () => void;
}

type Call = 'openRead' | 'openAppend' | 'replace' | 'rename' | 'remove';

function bolt(): { readonly isOpen: Promise<void>; readonly open: () => void } {
  let open = (): void => undefined;
  const isOpen = new Promise<void>((resolve) => (open = resolve));
  return { isOpen, open };
}

function gated(isGate: (call: Call, path: string) => boolean): GatedFileSystem {
  const [gate, reached] = [bolt(), bolt()];
  const hold = async (call: Call, path: string): Promise<void> => {
    if (!isGate(call, path)) return;
    reached.open();
    await gate.isOpen;
  };
  const fileSystem: FileSystem = {
    ...nodeFileSystem,
    openRead: (path) => hold('openRead', path).then(() => nodeFileSystem.openRead(path)),
    openAppend: (path) => hold('openAppend', path).then(() => nodeFileSystem.openAppend(path)),
    replace: (path, content) => hold('replace', path).then(() => nodeFileSystem.replace(path, content)),
    rename: (from, to) => hold('rename', from).then(() => nodeFileSystem.rename(from, to)),
    remove: (path) => hold('remove', path).then(() => nodeFileSystem.remove(path)),
  };
  return { fileSystem, reached: reached.isOpen, open: gate.open };
}

/** Holds a log's new writer up where it begins to read what the one before left. */
export function heldAtReading(): GatedFileSystem {
  return gated((call, path) => call === 'openRead' && path.endsWith('.ndjson'));
}

/** Holds a log's new writer up where it tells up to where it keeps what the one before left. */
export function heldAtTelling(): GatedFileSystem {
  return gated((call, path) => call === 'replace' && path.includes('/fences/'));
}

/** Holds a log's new writer up where a segment is sealed but for its name. */
export function heldAtNaming(): GatedFileSystem {
  return gated((call, path) => call === 'rename' && path.endsWith('.tmp'));
}

/** Holds a log's new writer up where it removes what another has half made. */
export function heldAtTidying(): GatedFileSystem {
  return gated((call, path) => call === 'remove' && path.endsWith('.tmp'));
}

/** Holds a log's new writer up where it begins to change the log. */
export function heldAtSealing(): GatedFileSystem {
  return gated((call, path) => call === 'openAppend' && path.endsWith('.tmp'));
}
