import { checkGroups } from 'banyan/catalog';
import { BanyanError } from 'banyan/runtime';
import type { LoadedConfig } from './load-config.ts';

/** Refuses groups that do not fit together. @throws BanyanError GROUPS_INVALID */
export function refuseFindings({ config }: LoadedConfig): void {
  const findings = checkGroups(config.groups, Object.keys(config.sources));
  if (findings.length === 0) return;
  const lines = findings.map(({ code, message }) => `  ${code}: ${message}`);
  throw new BanyanError('GROUPS_INVALID', `The groups do not fit together:\n${lines.join('\n')}`, {
    details: { findings: findings.map(({ code, message }) => ({ code, message })) },
  });
}
