import {
  describeReason,
  leastSeconds,
  planReplay,
  type Basis,
  type ReplayPlan,
  type TranslationPlan,
  type ViewPlan,
} from 'banyan/replay';
import type { Command } from 'commander';
import { wholeNumber } from '../../arguments.ts';
import { replayProjectOf } from '../../config/replay-project.ts';
import type { CommandContext } from '../../context.ts';
import { bytes } from '../../terminal/output.ts';
import { duration, number } from '../../terminal/progress-line.ts';
import { configOf, withConfig, withJson, type ConfigOptions } from '../options.ts';
import { parkedViewText } from './parked-text.ts';

interface PlanOptions extends ConfigOptions {
  readonly json?: boolean;
  readonly writeRate?: number;
}

/** `banyan replay plan` */
export function addPlanCommand(replay: Command, context: CommandContext): void {
  withJson(withConfig(replay.command('plan')))
    .description(
      'what is out of date and why, and what a rebuild would read, write and take; changes nothing',
    )
    .argument('[projections...]', 'default: all')
    .option('--write-rate <documents>', 'that the rebuild is going to write a second at most', wholeNumber())
    .action((names: string[], options: PlanOptions) => plan(names, options, context));
}

async function plan(names: readonly string[], options: PlanOptions, context: CommandContext): Promise<void> {
  const loaded = await configOf(options, context);
  const project = await replayProjectOf(loaded);
  try {
    const found = await planReplay(project, names, options.writeRate);
    context.terminal.out(options.json === true ? `${JSON.stringify(found)}\n` : planText(found));
  } finally {
    await project.store.close();
  }
}

/** A plan as an operator reads it. */
export function planText({ translations, views, current, parked, warnings }: ReplayPlan): string {
  const parts = [...translations.map(translationText), ...views.map(viewText), ...parked.map(parkedViewText)];
  if (current.length > 0) parts.push(`As the code makes them: ${current.join(', ')}.\n`);
  parts.push(...warnings.map(({ code, message }) => `${code}: ${message}\n`));
  const waiting = views.filter(({ isBuilt }) => !isBuilt).map(({ projection }) => projection);
  if (waiting.length > 0) parts.push(`Next: banyan replay start ${waiting.join(' ')}\n`);
  return parts.length === 0 ? 'There is nothing to replay: no view is live yet.\n' : parts.join('\n');
}

function translationText(plan: TranslationPlan): string {
  const head = `Translation ${plan.log}   (group ${plan.group}, ${plan.owner.team}, ${plan.owner.contact})\n`;
  if (plan.kind === 'same-version') {
    const { changed, added, removed } = plan.changes;
    return `${head}  its code changed, and its version did not: ${[...changed, ...added, ...removed].join(', ')}
  What was translated stays as it is. Give it version ${plan.ref.version + 1}; then its log is built anew.\n`;
  }
  const of = plan.from === undefined ? '' : ` in the place of ${plan.from}`;
  const others = plan.subscribers
    .filter(({ group }) => group !== plan.group)
    .map(({ projection, group, owner }) => `${projection} (group ${group}, ${owner.team}, ${owner.contact})`);
  const stays =
    others.length === 0
      ? ''
      : `  other groups stay on the old version until they rebuild: ${others.join('; ')}\n`;
  return `${head}  a new version${of}${plan.isBegun ? ', its building has begun' : ''}
  reads ${number(plan.positions)} positions of the change log, ${bytes(plan.bytes)}\n${stays}`;
}

function viewText({
  projection,
  group,
  owner,
  live,
  newest,
  reasons,
  isBuilt,
  logs,
  cost,
}: ViewPlan): string {
  const lines = [
    `View ${projection}   (group ${group}, ${owner.team}, ${owner.contact})`,
    `  out of date: ${reasons.map(describeReason).join('; ')}`,
  ];
  if (isBuilt) {
    lines.push(
      `  generation ${newest.number} is built and ready, ${live} is live`,
      `  Next: banyan replay diff ${projection}`,
    );
  } else {
    lines.push(
      `  reads about ${number(cost.events)} events, ${bytes(cost.bytes)}, of ${logs.map(({ log }) => log).join(', ')}`,
      `  writes about ${number(cost.documents)} documents of ${bytes(cost.documentBytes)} (${number(cost.writeUnits)} write units on DynamoDB)`,
      `  takes about ${duration(cost.seconds * 1000)}: ${basisText(cost.basis)}`,
    );
  }
  return `${lines.join('\n')}\n`;
}

/** Where an estimate comes from. */
function basisText(basis: Basis): string {
  switch (basis.kind) {
    case 'rebuild':
      return `as the rebuild of generation ${basis.generation} did, which took ${duration(basis.seconds * 1000)} (${basis.at.slice(0, 10)})`;
    case 'store':
      return `the store takes ${number(basis.writeUnits)} write units a second of a new generation at first, and ${unknown}`;
    case 'measured':
      return `by ${number(basis.documents)} documents a second, measured on another machine, since ${unknown}`;
  }
}

const unknown = `no rebuild of the view here has taken ${leastSeconds} s yet`;
