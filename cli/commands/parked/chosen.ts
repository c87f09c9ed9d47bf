import type { Generation } from 'banyan/projections';
import { chosenProjections, type ReplayProject } from 'banyan/replay';
import { BanyanError } from 'banyan/runtime';
import { isFed } from '../../fed-generations.ts';

/** A generation that gets the events that come. */
export interface FedGeneration {
  readonly group: string;
  readonly generation: Generation;
  readonly isLive: boolean;
}

/**
 * The fed generations of projections, the live one of each first.
 * @param names none: all projections
 * @throws BanyanError PROJECTION_UNKNOWN
 */
export async function fedGenerations(
  project: ReplayProject,
  names: readonly string[],
): Promise<readonly FedGeneration[]> {
  const found: FedGeneration[] = [];
  for (const { group, code } of chosenProjections(project, names)) {
    const { name } = code.projection;
    const pointer = await project.store.pointer(group.name);
    const fed = (await project.store.generations(name)).filter((one) => isFed(one, pointer));
    const all = fed.map((generation) => ({
      group: group.name,
      generation,
      isLive: pointer?.live[name] === generation.number,
    }));
    found.push(...all.filter(({ isLive }) => isLive), ...all.filter(({ isLive }) => !isLive));
  }
  return found;
}

/**
 * One fed generation of a projection.
 * @param number absent: the live one
 * @throws BanyanError PROJECTION_UNKNOWN, GENERATION_UNKNOWN
 */
export async function fedGeneration(
  project: ReplayProject,
  name: string,
  number: number | undefined,
): Promise<FedGeneration> {
  const fed = await fedGenerations(project, [name]);
  const found = fed.find(({ generation, isLive }) =>
    number === undefined ? isLive : generation.number === number,
  );
  if (found) return found;
  const numbers = fed.map(({ generation }) => generation.number);
  throw new BanyanError(
    'GENERATION_UNKNOWN',
    `View ${name} has no ${number === undefined ? 'live generation' : `generation ${number} that is live or ready`}. ` +
      `${numbers.length === 0 ? 'None is' : `These are: ${numbers.join(', ')}`}; see banyan replay status.`,
    { details: { projection: name, generation: number ?? null, fed: numbers } },
  );
}
