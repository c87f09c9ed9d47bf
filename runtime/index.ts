export { canonicalJson, type JsonObject, type JsonValue } from './json.ts';
export { BanyanError, isBanyanError, toError, type ErrorOptions } from './errors.ts';
export { closeAll, once, type Closeable } from './lifecycle.ts';
export { systemClock, type Clock } from './clock.ts';
export { createLogger, silentLogger, type Logger } from './logger.ts';
export type { AppendFile, FileSystem, ReadFile, ReadFileSync } from './file-system.ts';
export { nodeFileSystem } from './node-file-system.ts';
export type { EntryWriter, Line, LineFrame, LogEntry, LogReader, LogWriter, ReadOptions } from './log/log.ts';
export type { OrderedStore, StoreKey, StoreWrite } from './store/ordered-store.ts';
