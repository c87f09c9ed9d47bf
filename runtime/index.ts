export { canonicalJson, type JsonObject, type JsonValue } from './json.ts';
export { BanyanError, isBanyanError, toError, type ErrorOptions } from './errors.ts';
export { isNetworkFailure } from './network-failure.ts';
export { closeAll, once, type Closeable } from './lifecycle.ts';
export { systemClock, type Clock } from './clock.ts';
export { createLogger, type Logger } from './logger.ts';
export { silentLogger } from './silent-logger.ts';
export type { AppendFile, FileSystem, ReadFile, ReadFileSync } from './file-system.ts';
export { nodeFileSystem } from './node-file-system.ts';
export { openLogWriter, type LogWriterOptions } from './log/open-writer.ts';
export { openLogReader, type LogReaderOptions, type SegmentLogReader } from './log/reader.ts';
export type { LogIdentity } from './log/identity.ts';
export type { LogStats } from './log/stats.ts';
export type { VerifyStep } from './log/verify.ts';
export { isHolderAlive, openTokens, thisHolder, type Holder } from './log/holder.ts';
export type { EntryWriter, Line, LineFrame, LogEntry, LogReader, LogWriter, ReadOptions } from './log/log.ts';
export {
  maxStoreKeyBytes,
  type OrderedStore,
  type StoreKey,
  type StoreWrite,
} from './store/ordered-store.ts';
export { openFileStore, type FileStoreOptions } from './store/file-store.ts';
export { memoryStore, type MemoryStore } from './store/memory-store.ts';
export { mergeSorted, sortedMap, type KeyedEntry, type SortedMap } from './store/sorted-map.ts';
export { hashKey, keyFilter, type KeyFilter, type KeyHash } from './store/key-filter.ts';
