import { once, type Clock, type Closeable } from 'banyan/runtime';
import type { Cursor } from '../change.ts';
import type { OpenOptions, SourceStream } from '../source.ts';
import { connect, type Session } from './connection.ts';
import { failed } from './errors.ts';
import { brokenHistory, historyBroken, type Place } from './history.ts';
import { parseLsn } from './lsn.ts';
import { createSlotWithSnapshot } from './new-slot.ts';
import { insertsPublication, type CheckedOptions } from './options.ts';
import {
  checkReadable,
  checkServer,
  checkSlotsLeft,
  connectWalsender,
  identify,
  type Server,
} from './preflight.ts';
import { checkPublication, planFirst, planNext, type PublicationPair } from './publication-plan.ts';
import { applyPlan, readPublications } from './publications.ts';
import { selectTables, type SelectedTable } from './select-tables.ts';
import { catalogShape, ShapeBook } from './shapes.ts';
import { checkSlotIsOurs, dropSlot, untilFree } from './slot.ts';
import { readSnapshot, type Snapshot, type SnapshotTable } from './snapshot.ts';
import { PostgresStream } from './stream.ts';
import { readColumns, readTables } from './table-catalog.ts';
import { TypeCatalog } from './type-catalog.ts';
import { Walsender } from './walsender.ts';

/** A source that is to be opened. */
export interface SourceSetup {
  readonly name: string;
  readonly options: CheckedOptions;
  readonly clock: Clock;
}

/** What is known once the server was looked at. */
interface Opening extends SourceSetup {
  readonly given: OpenOptions;
  readonly application: string;
  readonly session: Session;
  readonly server: Server;
  readonly place: Place;
  readonly tables: readonly SelectedTable[];
  readonly types: TypeCatalog;
}

/** Checks everything that can be checked, cheap things and things that change nothing first; then opens the stream. */
export async function openSource(setup: SourceSetup, given: OpenOptions): Promise<SourceStream> {
  const application = `banyan_${setup.name}`;
  const session = await connect(setup.options, { application, settings: { lock_timeout: '5s' } });
  try {
    const server = await checkServer(session);
    const tables = selectTables(await readTables(session.client), setup.options);
    checkReadable(session, server, tables);
    const walsender = await connectWalsender(setup.options, application, server);
    const place = await identify(walsender).finally(() => walsender.close());
    const types = new TypeCatalog();
    const opening = { ...setup, given, application, session, server, place, tables, types };
    given.signal.throwIfAborted();
    return await (given.after === undefined ? openFirst(opening) : openNext(opening, given.after));
  } catch (error) {
    given.signal.throwIfAborted();
    throw failed(session.where, 'Opening the source', error);
  } finally {
    await session.close();
  }
}

/** A new source: publications, slot, snapshot. */
async function openFirst(opening: Opening): Promise<SourceStream> {
  const { options, session, server } = opening;
  const slot = await untilFree(session, options.slot, options.slotWaitMs);
  if (slot === undefined) await checkSlotsLeft(session);
  else checkSlotIsOurs(slot, server.database);
  const names = publicationNames(options);
  const now = await checkedPublications(opening, names);
  await applyPlan(session, planFirst(names, now, opening.tables), options.logger);
  if (slot !== undefined) {
    options.logger.warn(
      { slot: slot.name },
      'The change log is empty but its slot exists, as after a crash within the snapshot: making the slot anew.',
    );
    await dropSlot(session.client, options.slot);
  }
  const { application, place, tables, given, logger } = { ...opening, logger: options.logger };
  const snapshot = await createSlotWithSnapshot({
    options,
    server,
    application,
    place,
    tables,
    session,
    signal: given.signal,
    logger,
  });
  try {
    const shapes = await snapshotTables(opening, snapshot);
    return await stream(opening, snapshot.cursor, { snapshot, tables: shapes });
  } catch (error) {
    await snapshot.close();
    throw error;
  }
}

/** The tables in the shapes that the snapshot itself sees. */
async function snapshotTables(opening: Opening, snapshot: Snapshot): Promise<SnapshotTable[]> {
  const { columns } = snapshot;
  const typeOids = [...columns.values()].flat().map(({ typeOid }) => typeOid);
  await opening.types.load(snapshot.session.client, typeOids);
  return opening.tables.map((table) => ({
    table,
    shape: catalogShape(table.fullName, columns.get(table.oid) ?? [], opening.types),
  }));
}

/** A source with a log: the history must be the same, and go on from where the log stands. */
async function openNext(opening: Opening, after: Cursor): Promise<SourceStream> {
  const { options, session, server, place } = opening;
  const slot = await untilFree(session, options.slot, options.slotWaitMs);
  if (slot !== undefined) checkSlotIsOurs(slot, server.database);
  const broken = brokenHistory(after, place, slot);
  if (broken !== undefined) throw historyBroken(session.where, options.slot, broken);
  const names = publicationNames(options);
  const now = await checkedPublications(opening, names);
  if (now.whole === undefined && now.inserts === undefined) {
    const why = `the publications "${names.whole}" and "${names.inserts}" are gone, and changes without them are not sent`;
    throw historyBroken(session.where, options.slot, why);
  }
  await applyPlan(session, planNext(names, now, opening.tables), options.logger);
  const columns = await readColumns(
    session.client,
    opening.tables.map(({ oid }) => oid),
  );
  await opening.types.load(
    session.client,
    [...columns.values()].flat().map(({ typeOid }) => typeOid),
  );
  return stream(opening, after, undefined);
}

async function checkedPublications(
  opening: Opening,
  names: PublicationPair<string>,
): Promise<Awaited<ReturnType<typeof readPublications>>> {
  const now = await readPublications(opening.session.client, names, opening.server.version);
  checkPublication(now.whole);
  checkPublication(now.inserts);
  return now;
}

async function stream(
  opening: Opening,
  after: Cursor,
  first: { readonly snapshot: Snapshot; readonly tables: readonly SnapshotTable[] } | undefined,
): Promise<SourceStream> {
  const { options, given } = opening;
  const names = publicationNames(options);
  const now = await readPublications(opening.session.client, names, opening.server.version);
  const publications = [now.whole, now.inserts].flatMap((publication) => publication?.name ?? []);
  const follow = (): Promise<Walsender> => followSlot(opening, after, publications);
  const shapes = new ShapeBook(opening.types, (run) => lookUp(opening, run));
  const snapshot = first && {
    batches: readSnapshot(first.snapshot, first.tables, options.bufferBytes, given.onSnapshotProgress),
    end: snapshotEnd(first.snapshot),
  };
  // With a log, the slot is opened here, so that its errors come from here.
  const walsender = first === undefined ? await follow() : undefined;
  return new PostgresStream({ after, shapes, snapshot, follow, signal: given.signal }, walsender);
}

/** The server sends a table to its end, unless its client is gone. */
function snapshotEnd(snapshot: Snapshot): Closeable {
  return {
    close: once(async () => {
      snapshot.session.destroy();
      await snapshot.close();
    }),
  };
}

async function followSlot(
  opening: Opening,
  after: Cursor,
  publications: readonly string[],
): Promise<Walsender> {
  const { options, server, application, clock } = opening;
  const session = await connectWalsender(options, application, server);
  try {
    return await Walsender.start(session, {
      slot: options.slot,
      publications,
      after: parseLsn(after.lsn),
      bufferBytes: options.bufferBytes,
      idleAfterMs: options.idleAfterMs,
      timeoutMs: server.walSenderTimeoutMs,
      sendsMessages: server.version >= 140_000,
      clock,
    });
  } catch (error) {
    await session.close();
    throw error;
  }
}

async function lookUp(opening: Opening, run: (client: Session['client']) => Promise<void>): Promise<void> {
  const session = await connect(opening.options, { application: `${opening.application}_catalog` });
  try {
    await run(session.client);
  } catch (error) {
    throw failed(session.where, 'Reading the catalog', error);
  } finally {
    await session.close();
  }
}

function publicationNames(options: CheckedOptions): PublicationPair<string> {
  return { whole: options.publication, inserts: insertsPublication(options) };
}
