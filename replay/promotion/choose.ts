import type { Generation, LivePointer } from 'banyan/projections';
import type { Refusal } from './options.ts';

/** Which generation is to take the place of which. */
export interface Choice {
  readonly name: string;
  readonly live: Generation;
  readonly next: Generation;
}

/** What to choose from. */
export interface ChoiceOptions {
  readonly group: string;
  readonly pointer: LivePointer;
  readonly name: string;
  /** All of the projection's. */
  readonly generations: readonly Generation[];
}

/** The generation to promote: the wanted one, else the newest that was built after the live one and not retired. */
export function chooseNext(options: ChoiceOptions, wanted: number | undefined): Choice | Refusal {
  const { pointer, name, generations } = options;
  const live = pointer.live[name];
  if (live === undefined) return refusal.unknown(options);
  const retired = pointer.past?.[name]?.retired ?? [];
  const newest = generations
    .filter(({ number, state }) => number > live && state.kind !== 'retired' && !retired.includes(number))
    .sort((one, other) => other.number - one.number)[0];
  const number = wanted ?? newest?.number;
  if (number === undefined) {
    return refuse(
      'REPLAY_NOTHING',
      name,
      `View ${name} has no generation newer than ${live}, which is live. Build one: banyan replay start ${name}.`,
    );
  }
  if (number === live) {
    return refuse(
      'REPLAY_NOTHING',
      name,
      `Generation ${number} of view ${name} is live already. Nothing is to be done.`,
    );
  }
  return chosen(options, live, number);
}

/** The generation to roll back to: the one that was live before. */
export function chooseFormer(options: ChoiceOptions): Choice | Refusal {
  const { pointer, name } = options;
  const live = pointer.live[name];
  if (live === undefined) return refusal.unknown(options);
  const former = pointer.past?.[name]?.before.at(-1);
  if (former === undefined) {
    return refuse(
      'REPLAY_NOTHING',
      name,
      `View ${name} has no generation to go back to: none was live before ${live}.`,
    );
  }
  return chosen(options, live, former);
}

function chosen(options: ChoiceOptions, liveNumber: number, number: number): Choice | Refusal {
  const { pointer, name, generations } = options;
  const find = (wanted: number): Generation | undefined => generations.find((one) => one.number === wanted);
  if (pointer.past?.[name]?.retired.includes(number)) return refusal.retired(name, number);
  const [live, next] = [find(liveNumber), find(number)];
  if (!live || !next) return refusal.gone(options, live ? number : liveNumber);
  const wrong = stateRefusal(next);
  return wrong ?? { name, live, next };
}

function stateRefusal({ projection, number, state }: Generation): Refusal | undefined {
  const view = `Generation ${number} of view ${projection}`;
  switch (state.kind) {
    case 'ready':
    case 'live':
      return undefined;
    case 'retired':
      return refusal.retired(projection, number);
    case 'building':
    case 'opening':
      return refuse(
        'REPLAY_NOT_READY',
        projection,
        `${view} is still being built. Let its rebuild finish, or take it up again: banyan replay start ${projection}.`,
      );
    case 'failed':
      return refuse(
        'REPLAY_FAILED',
        projection,
        `${view} failed: ${state.why} Correct it and build a new one: banyan replay start ${projection}.`,
      );
  }
}

/** Makes a refusal. */
export function refuse(code: string, projection: string, message: string): Refusal {
  return { code, projection, message };
}

/** Whether no choice could be made. */
export function isRefusal(choice: Choice | Refusal): choice is Refusal {
  return 'code' in choice;
}

const refusal = {
  unknown: ({ group, pointer, name }: ChoiceOptions): Refusal => {
    const live = Object.keys(pointer.live).join(', ');
    return refuse(
      'REPLAY_UNKNOWN',
      name,
      `Group ${group} has no live view ${name}; it has ${live === '' ? 'none' : live}. Check the name, and that banyan dev has run.`,
    );
  },
  retired: (name: string, number: number): Refusal =>
    refuse(
      'REPLAY_RETIRED',
      name,
      `Generation ${number} of view ${name} was retired; it cannot be live again. Name another that is ready (banyan replay status), or build one: banyan replay start ${name}.`,
    ),
  gone: ({ name }: ChoiceOptions, number: number): Refusal =>
    refuse(
      'REPLAY_UNKNOWN',
      name,
      `There is no generation ${number} of view ${name} in the store. See those that are there: banyan replay status.`,
    ),
};
