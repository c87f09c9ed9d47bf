import { askBanyan } from './banyan-process.ts';

/** What `banyan status --json` tells of a view, as far as tests ask. */
export interface ViewFigures {
  readonly projection: string;
  readonly generation: number;
  readonly documents: number;
  readonly positionsBehind: number;
  readonly parkedKeys: number;
  readonly keysBehind: number;
  readonly healed: number;
  readonly late: number;
  readonly suspectedLost: number;
}

/** Asks `banyan status` for all views. */
export async function viewFigures(config: string, env: NodeJS.ProcessEnv): Promise<readonly ViewFigures[]> {
  const { code, answer, errors } = await askBanyan(
    ['status', '--json', '--no-type-check', '--config', config],
    { env },
  );
  if (code !== 0) throw new Error(`banyan status ended with ${String(code)}: ${errors}`);
  return answer[0]?.['views'] as readonly ViewFigures[];
}

/** Whether every view has come to the end of its logs and no key waits for anything. */
export function areSettled(views: readonly ViewFigures[]): boolean {
  return views.every(
    ({ positionsBehind, parkedKeys, keysBehind }) => positionsBehind + parkedKeys + keysBehind === 0,
  );
}

/** Events that seem to be lost, all views together. */
export function suspectedLost(views: readonly ViewFigures[]): number {
  return views.reduce((sum, view) => sum + view.suspectedLost, 0);
}
