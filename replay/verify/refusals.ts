import type { Source } from 'banyan/cdc';
import type { Generation, Reconciliation } from 'banyan/projections';
import { BanyanError } from 'banyan/runtime';

/** @throws BanyanError VERIFY_UNFIT for what cannot be compared at all */
export function refuseUnfit(
  generation: Generation,
  source: Source,
  { projection, ...reconciliation }: Reconciliation,
): void {
  const { number, state, logs } = generation;
  if (state.kind !== 'live' && state.kind !== 'ready') {
    throw unfit(
      generation,
      `its generation ${String(number)} is ${state.kind}, so that nothing feeds it; name a live or a ready one`,
    );
  }
  if (projection.name !== generation.projection || reconciliation.source !== source.name) {
    throw unfit(generation, `the reconciliation is one of ${projection.name} with ${reconciliation.source}`);
  }
  if (!logs.some((log) => log.source === source.name)) {
    const sources = [...new Set(logs.map((log) => log.source))].join(', ');
    throw unfit(
      generation,
      `its reconciliation names the source ${source.name}, and the view is made from ${sources}`,
    );
  }
}

function unfit({ projection, number }: Generation, why: string): BanyanError {
  return new BanyanError('VERIFY_UNFIT', `View ${projection} cannot be verified: ${why}.`, {
    details: { projection, generation: number },
  });
}

export function snapshotUnsupported(source: string): BanyanError {
  return new BanyanError(
    'VERIFY_UNSUPPORTED',
    `The source ${source} cannot be read at an exact place: its adapter has no snapshots. Sources by postgres() can.`,
    { details: { source } },
  );
}

export function notCaptured(source: string): BanyanError {
  return new BanyanError(
    'VERIFY_NOT_CAPTURED',
    `The source ${source} has not been captured yet: its change log begins behind the place of comparison. Ask again.`,
    { retryable: true, details: { source } },
  );
}
