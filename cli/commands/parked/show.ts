import type { DomainEvent } from 'banyan/events';
import { showParked, type Base, type Document, type Stuck } from 'banyan/projections';
import type { Command } from 'commander';
import { wholeNumber } from '../../arguments.ts';
import { replayProjectOf } from '../../config/replay-project.ts';
import type { CommandContext } from '../../context.ts';
import { configOf, withConfig, withJson, type ConfigOptions } from '../options.ts';
import { fedGeneration } from './chosen.ts';
import { openEventLogs } from './event-logs.ts';

interface ShowOptions extends ConfigOptions {
  readonly json?: boolean;
  readonly generation?: number;
}

/** A parked key, and what it waits at. */
interface Shown extends Stuck {
  readonly projection: string;
  readonly generation: number;
  readonly key: string;
  readonly revision: number;
  /** What readers get; null: none. */
  readonly document: Document | null;
  /** All that was applied: the document then, and the last event's place. */
  readonly base: { readonly document: Document | null; readonly at: Base['at'] | null };
  /** As its event log has it; null: no log of the generation has it. */
  readonly event: DomainEvent | null;
}

/** `banyan parked show` */
export function addShowCommand(parked: Command, context: CommandContext): void {
  withJson(withConfig(parked.command('show')))
    .description('a parked key: its document, and the event that it waits at')
    .argument('<projection>')
    .argument('<key>')
    .option('--generation <number>', 'default: the live one', wholeNumber())
    .action((name: string, key: string, options: ShowOptions) => show(name, key, options, context));
}

async function show(name: string, key: string, options: ShowOptions, context: CommandContext): Promise<void> {
  const project = await replayProjectOf(await configOf(options, context));
  const { store } = project;
  try {
    await store.prepare();
    const { generation } = await fedGeneration(project, name, options.generation);
    const opened = await openEventLogs(project.directory, generation.logs);
    const { item, event } = await showParked({ store, generation, logs: opened.logs }, key).finally(() =>
      opened.close(),
    );
    const { base, cause } = item.state;
    const { eventId, code, message } = cause;
    const shown: Shown = {
      projection: name,
      generation: generation.number,
      ...{ key, revision: item.revision, eventId, code, message },
      document: item.document ?? null,
      base: { document: base.document ?? null, at: base.at ?? null },
      event: event ? plain(event) : null,
    };
    context.terminal.out(options.json === true ? `${JSON.stringify(shown)}\n` : showText(shown));
  } finally {
    await store.close();
  }
}

/** An event reads its trace from its id; as an object of its own it has it. */
function plain(event: DomainEvent): DomainEvent {
  const { traceparent } = event;
  return { ...event, traceparent };
}

function showText({ projection, generation, key, event, ...shown }: Shown): string {
  const json = (value: unknown): string => (value === null ? 'none' : JSON.stringify(value));
  const lines = [
    `View ${projection}, generation ${generation}, key ${JSON.stringify(key)}`,
    `waits at   ${shown.eventId}${event ? ` (${event.type})` : ''}`,
    `because    ${shown.code}: ${shown.message}`,
    ...(event
      ? [`committed  ${event.committedAt}`, `data       ${JSON.stringify(event.data)}`]
      : ['data       no event log of the view has the event']),
    `document   ${json(shown.document)}`,
    '',
    `The code is wrong: correct it, then banyan replay start ${projection}`,
    `The cause is gone: banyan parked retry ${projection} ${key}`,
    `The event is to be left out, for good: banyan parked skip ${projection} ${key} --event ${shown.eventId} --why "..."`,
  ];
  return `${lines.join('\n')}\n`;
}
