import { chosenProjections, type ReplayGroup, type ReplayProject } from 'banyan/replay';
import { usageError } from '../../arguments.ts';

/** The group of projections that are to move together. @throws BanyanError PROJECTION_UNKNOWN, USAGE */
export function groupOf(project: ReplayProject, names: readonly string[]): ReplayGroup {
  const groups = [...new Set(chosenProjections(project, names).map(({ group }) => group))];
  const [group, other] = groups;
  if (group && !other) return group;
  throw usageError(
    `${names.join(', ')} belong to several groups (${groups.map(({ name }) => name).join(', ')}). One command moves views of one group: name each group's in a command of their own.`,
  );
}

/** The names of every projection of the project. */
export function allProjections({ groups }: ReplayProject): readonly string[] {
  return groups.flatMap(({ projections }) => projections.map(({ projection }) => projection.name));
}
