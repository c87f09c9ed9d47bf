import type { SourceDefinition } from 'banyan/cdc';
import type { Group } from 'banyan/catalog';
import type { EventDelivery } from 'banyan/events';
import type { Identity } from 'banyan/gateway';
import type { LegacyAdapterOptions } from 'banyan/legacy-adapter';
import type { ViewStore } from 'banyan/projections';
import { BanyanError } from 'banyan/runtime';
import { z } from 'zod';

/** What `banyan.config.ts` exports: the sources, the groups, and where everything is kept. */
export interface BanyanConfig {
  /** Where the logs and the states beside them are kept, relative to the config file. Default `.banyan`. */
  readonly directory?: string;
  /** The captured legacy databases, by the names that events and logs bear. */
  readonly sources: Readonly<Record<string, SourceDefinition>>;
  readonly groups: readonly Group[];
  /** Where the views are kept. */
  readonly views: ViewStore;
  /** The bus that `banyan run` publishes onto. */
  readonly delivery?: EventDelivery;
  /** Who checks the callers of the gateways. Absent: only routes declared public are answered. */
  readonly identity?: Identity;
  /** The monolith's own API, for the gateways' writes. */
  readonly legacy?: LegacyApi;
  /** The address and the port of each group's gateway. */
  readonly gateways?: GatewayAddresses;
}

/** How the monolith's API is reached; the caller's own token is passed on unless `identity` says otherwise. */
export type LegacyApi = Omit<LegacyAdapterOptions, 'logger' | 'identity'> &
  Partial<Pick<LegacyAdapterOptions, 'identity'>>;

/** Where the gateways listen when they run on one machine. */
export interface GatewayAddresses {
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Group name to port. A group without one gets a free port, which is printed. */
  readonly ports?: Readonly<Record<string, number>>;
}

const kinds = z.looseObject({ kind: z.string() });
const name = z.string().regex(/^[a-z][a-z0-9-]*$/, 'a name is lower-case letters, digits and hyphens');

const shape = z.strictObject({
  directory: z.string().min(1).optional(),
  sources: z.record(name, kinds).refine((sources) => Object.keys(sources).length > 0, 'at least one source'),
  groups: z.array(z.looseObject({ kind: z.literal('group'), name })).min(1, 'at least one group'),
  views: z.looseObject({ writeMany: z.instanceof(Function) }),
  delivery: z
    .looseObject({ kind: z.string(), publish: z.instanceof(Function), probe: z.instanceof(Function) })
    .optional(),
  identity: kinds.optional(),
  legacy: z.looseObject({ baseUrl: z.url() }).optional(),
  gateways: z
    .strictObject({
      host: z.string().optional(),
      ports: z.record(name, z.int().min(0).max(65_535)).optional(),
    })
    .optional(),
});

/** Declares the configuration; checked when it is loaded. */
export function defineConfig(config: BanyanConfig): BanyanConfig {
  return config;
}

/**
 * Checks what a config file exported.
 * @throws BanyanError CONFIG_INVALID naming each wrong field and what was expected.
 */
export function checkConfig(exported: unknown, file: string): BanyanConfig {
  const checked = shape.safeParse(exported);
  if (!checked.success) {
    const wrong = checked.error.issues.map(
      (issue) => `  ${issue.path.join('.') || '(the whole)'}: ${issue.message}`,
    );
    throw new BanyanError(
      'CONFIG_INVALID',
      `${file} does not export a configuration:\n${wrong.join('\n')}\nExpected: export default defineConfig({ sources, groups, views, ... }).`,
      { details: { file } },
    );
  }
  return exported as BanyanConfig;
}
