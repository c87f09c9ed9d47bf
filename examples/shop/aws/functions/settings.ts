import type { GenerationId } from 'banyan/projections';

/** What the environment of a function says. */
export interface FunctionSettings {
  /** The function group that owns its views. */
  readonly group: string;
  /** At least one. */
  readonly generations: readonly [GenerationId, ...GenerationId[]];
  /** How the names of the views' tables begin, as in `aws.config.ts`. */
  readonly viewsPrefix: string;
  /** Where `banyan run` keeps the event logs and tallies, as this function reaches it. */
  readonly directory: string;
  /** The function's own folder, where its package was unpacked; Lambda says it. */
  readonly taskRoot: string;
  /** Absent: AWS's own. */
  readonly dynamodbEndpoint?: string;
  /** Milliseconds after which the tracker takes what a tally misses from the event log. Absent: its default. */
  readonly healAfterMs?: number;
}

/** A setting, and what it is for. */
const needed = {
  GROUP: 'the function group that owns the views, such as orders',
  GENERATIONS: 'views and the numbers of their generations, such as order-summary@2,customer-card@1',
  VIEWS_PREFIX: "how the names of the views' tables begin",
  BANYAN_DIRECTORY: 'where banyan run keeps its logs',
  LAMBDA_TASK_ROOT: 'the folder of the function, which Lambda sets',
} as const;

type Env = Readonly<Record<string, string | undefined>>;

/** Reads a function's settings. @throws Error that names each setting that is missing or wrong */
export function functionSettings(env: Env): FunctionSettings {
  const wrong: string[] = [];
  const given = (name: keyof typeof needed): string => {
    const value = env[name] ?? '';
    if (value === '') wrong.push(`${name} is not set (${needed[name]})`);
    return value;
  };
  const named = given('GENERATIONS');
  const generations = named === '' ? [] : named.split(',').flatMap((text) => generationIn(text, wrong));
  const settings = {
    group: given('GROUP'),
    viewsPrefix: given('VIEWS_PREFIX'),
    directory: given('BANYAN_DIRECTORY'),
    taskRoot: given('LAMBDA_TASK_ROOT'),
    ...optional(env, wrong),
  };
  const [first, ...others] = generations;
  if (!first || wrong.length > 0)
    throw new Error(`The settings of this function are not complete: ${wrong.join('; ')}.`);
  return { ...settings, generations: [first, ...others] };
}

function generationIn(text: string, wrong: string[]): readonly GenerationId[] {
  const [, projection, number] = /^\s*([^@\s]+)@([1-9]\d*)\s*$/.exec(text) ?? [];
  if (projection !== undefined) return [{ projection, number: Number(number) }];
  wrong.push(`GENERATIONS has "${text}" (expected a view and a number, such as order-summary@2)`);
  return [];
}

function optional(
  { DYNAMODB_ENDPOINT: dynamodbEndpoint = '', HEAL_AFTER_MS: healAfter = '' }: Env,
  wrong: string[],
): Pick<FunctionSettings, 'dynamodbEndpoint' | 'healAfterMs'> {
  if (!/^\d*$/.test(healAfter))
    wrong.push(`HEAL_AFTER_MS is "${healAfter}" (expected milliseconds, such as 30000)`);
  return {
    ...(dynamodbEndpoint !== '' && { dynamodbEndpoint }),
    ...(healAfter !== '' && { healAfterMs: Number(healAfter) }),
  };
}

/** The generation of a projector: it serves one. @throws Error when the settings name several */
export function onlyGeneration({ generations }: Pick<FunctionSettings, 'generations'>): GenerationId {
  const [first, ...others] = generations;
  if (others.length > 0)
    throw new Error(
      `GENERATIONS names ${String(generations.length)}, and a projector serves one generation: deploy one for each.`,
    );
  return first;
}
