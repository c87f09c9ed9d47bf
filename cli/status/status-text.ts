import { bytes, table } from '../terminal/output.ts';
import { aheadText } from '../replaced-logs.ts';
import { duration, number } from '../terminal/progress-line.ts';
import { nextStepsText } from './next-step.ts';
import type { ProjectStatus, TranslationStatus } from './project-status.ts';
import type { ViewStatus } from './view-status.ts';

/** Of views in a store without transactions of documents and cursors. */
export const unorderedText =
  'banyan dev feeds the views as on a bus without order, for their store cannot write documents and cursors at once;\n' +
  'how far they are is told by tallies, about a second late.\n';

/** What `banyan status` tells an operator. */
export function statusText(status: ProjectStatus): string {
  const { sources, translations, views, ahead } = status;
  const problems = sources.flatMap(({ name, problem }) =>
    problem === undefined ? [] : [`${name}: ${problem}\n`],
  );
  const size = (value: number | undefined): string => (value === undefined ? 'unknown' : bytes(value));
  const parts = [
    table(
      ['source', 'position', 'last commit', 'WAL behind', 'WAL kept for us'],
      sources.map((one) => [
        one.name,
        one.position,
        one.logTime ?? 'none',
        size(one.lagBytes),
        size(one.retainedBytes),
      ]),
    ) + problems.join(''),
    translationsTable(translations, status.publishes),
    viewsTable(views),
    runnerText(status),
    ...notes(views),
    aheadText(ahead),
  ];
  return parts.filter((part) => part !== '').join('\n');
}

function translationsTable(translations: readonly TranslationStatus[], publishes: boolean): string {
  return table(
    [
      ...['translation', 'position', 'positions behind', 'time behind'],
      ...(publishes ? ['published', 'not published'] : []),
    ],
    translations.map((one) => [
      ...[one.name, one.position, one.positionsBehind, time(one.secondsBehind)],
      ...(publishes ? [one.published ?? 'nothing yet', one.unpublished ?? ''] : []),
    ]),
  );
}

/** What runs, where that is not `banyan dev` on views that are fed in order. */
function runnerText({ feeding, runs, publishes }: ProjectStatus): string {
  switch (runs) {
    case 'dev':
      return feeding === 'unordered' ? unorderedText : '';
    case 'run':
      return 'banyan run captures, translates and publishes; functions elsewhere feed the views.\n';
    case 'none':
      return publishes ? 'Neither banyan run nor banyan dev answers on this machine.\n' : '';
  }
}

function time(seconds: number | undefined): string {
  return seconds === undefined ? 'unknown' : duration(seconds * 1000);
}

const viewColumns = [
  'view',
  'generation',
  'state',
  'bundle',
  'code',
  'documents',
  'positions behind',
  'time behind',
  'parked keys',
  'keys behind',
];

function viewsTable(views: readonly ViewStatus[]): string {
  return table(
    viewColumns,
    views.map((one) => [
      one.projection,
      one.generation === undefined ? 'none yet' : String(one.generation),
      one.parkedAt ? `${one.state ?? ''}, parked` : (one.state ?? ''),
      one.bundle?.slice(0, 8) ?? '',
      one.isCode === undefined ? '' : one.isCode ? 'this' : 'other',
      one.documents,
      one.positionsBehind,
      time(one.secondsBehind),
      one.parkedKeys,
      one.keysBehind,
    ]),
  );
}

/** What is not as it should be, and what to do about it. */
function notes(views: readonly ViewStatus[]): readonly string[] {
  const healed = views.filter((one) => one.healed > 0);
  const lines = views.flatMap(({ projection, generation, parkedAt }) =>
    parkedAt
      ? [
          `View ${projection}, generation ${String(generation)}, stands still at event ${parkedAt.eventId}: ${parkedAt.message}\n`,
        ]
      : [],
  );
  if (lines.length > 0 || views.some((one) => one.parkedKeys > 0))
    lines.push('What is parked waits for you: banyan parked list\n');
  const todo = nextStepsText(views.flatMap((one) => one.todo ?? []));
  return [
    ...(healed.length > 0 ? [healedTable(healed)] : []),
    ...(lines.length > 0 ? [lines.join('')] : []),
    todo,
  ];
}

/** Events that the bus did not bring in time; `lost` are those that never came so far. */
function healedTable(views: readonly ViewStatus[]): string {
  return table(
    ['view', 'generation', 'healed from the log', 'came late', 'suspected lost'],
    views.map(({ projection, generation, healed, late, suspectedLost }) => [
      projection,
      String(generation),
      number(healed),
      number(late),
      number(suspectedLost),
    ]),
  );
}
