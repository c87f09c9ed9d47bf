import { readEvents, type DomainEvent, type EventLogLine } from 'banyan/events';
import { BanyanError, type LogReader } from 'banyan/runtime';
import { usageError } from '../arguments.ts';
import type { CommandContext } from '../context.ts';
import type { LoadedConfig } from '../config/load-config.ts';
import { askDev } from '../dev/control.ts';
import type { Stage } from '../dev/stage-times.ts';
import { logsOfProject, openLog } from './logs.ts';
import { configOf, type ConfigOptions } from './options.ts';

/** `banyan log trace EVENT`: what the event is, and when it came through each stage, as the running `banyan dev` knows. */
export async function traceEvent(
  id: string,
  options: ConfigOptions & { readonly json?: boolean },
  context: CommandContext,
): Promise<void> {
  const [, name, position, index] = /^(.+@\d+):(\d+):(\d+)$/.exec(id) ?? [];
  if (name === undefined)
    throw usageError(`"${id}" is no event id. Expected source:translation@version:position:index.`);
  const loaded = await configOf(options, context);
  const log = (await logsOfProject(loaded)).find((one) => one.kind === 'event-log' && one.name === name);
  if (log?.kind !== 'event-log') throw unknown(id, `no event log is called ${name}`);
  const opened = await openLog(log);
  try {
    const reading = { after: { position: Number(position) - 1 }, to: Number(position) };
    for await (const chunk of readEvents(opened as LogReader<EventLogLine>, log.ref, reading)) {
      const event = chunk.events.find((one) => one.index === Number(index));
      if (!event) continue;
      const stages = await askDev(loaded.directory, `/times/${log.ref.source}/${position ?? ''}`);
      const concerned = stagesOf(event, loaded);
      const passed = afterCommit(event.committedAt, stages).filter(({ stage }) => concerned.has(stage));
      tell({ ...event, traceparent: event.traceparent, stages: passed }, options.json === true, context);
      return;
    }
  } finally {
    await opened.close();
  }
  throw unknown(id, 'the log has no such event');
}

function unknown(id: string, why: string): BanyanError {
  return new BanyanError(
    'EVENT_UNKNOWN',
    `There is no event ${id}: ${why}. banyan log cat LOG prints those there are.`,
  );
}

/** The stages that concern the event: other translations and views pass its position too. */
function stagesOf({ type, translation }: DomainEvent, { config }: LoadedConfig): ReadonlySet<string> {
  const views = config.groups.flatMap(({ projections }) =>
    projections.filter(({ handlers }) => handlers.has(type)),
  );
  const stages: Stage[] = [
    'logged',
    `translated by ${translation}`,
    ...views.map(({ name }): Stage => `in view ${name}`),
  ];
  return new Set(stages);
}

interface PassedStage {
  readonly stage: string;
  readonly at: string;
  /** Milliseconds since the commit. */
  readonly afterMs: number;
}

function afterCommit(committedAt: string, stages: unknown): PassedStage[] {
  // Microseconds are beyond Date; the commit's are read apart.
  const committed = Date.parse(committedAt) + Number(committedAt.slice(23, 26) || 0) / 1000;
  return (stages as { stage: string; at: number }[]).map(({ stage, at }) => ({
    stage,
    at: new Date(at).toISOString(),
    afterMs: Math.round((at - committed) * 10) / 10,
  }));
}

function tell(
  event: {
    readonly id: string;
    readonly type: string;
    readonly committedAt: string;
    readonly traceparent: string;
    readonly data: unknown;
    readonly stages: readonly PassedStage[];
  },
  json: boolean,
  { terminal }: CommandContext,
): void {
  if (json) {
    terminal.out(`${JSON.stringify(event)}\n`);
    return;
  }
  const lines = [
    `${event.type} ${event.id}`,
    `trace        ${event.traceparent}`,
    `data         ${JSON.stringify(event.data)}`,
    `committed    ${event.committedAt}`,
    ...event.stages.map(({ stage, at, afterMs }) => `${stage.padEnd(28)} ${at}  +${afterMs.toFixed(1)} ms`),
    ...(event.stages.length === 0
      ? ['no times are known: banyan dev remembers those of the newest transactions only']
      : []),
  ];
  terminal.out(`${lines.join('\n')}\n`);
}
