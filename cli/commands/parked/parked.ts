import type { Command } from 'commander';
import type { CommandContext } from '../../context.ts';
import { addListCommand } from './list.ts';
import { addRetryCommand } from './retry.ts';
import { addShowCommand } from './show.ts';
import { addSkipCommand } from './skip.ts';

/** `banyan parked list | show | retry | skip` */
export function addParkedCommand(program: Command, context: CommandContext): void {
  const parked = program
    .command('parked')
    .description('keys, and whole views, that wait at an event that cannot be applied')
    .addHelpText('after', help);
  addListCommand(parked, context);
  addShowCommand(parked, context);
  addRetryCommand(parked, context);
  addSkipCommand(parked, context);
}

const help = `
An event whose handler throws, whose document fails its schema or is too large, stops its key and nothing else. Reads
are answered with the last good document, and say so (banyan-parked: true). Where the key itself cannot be told, the
view stands still. When the code is wrong, correct it and build a new generation: banyan replay start. When the cause
lies outside the code, and is gone: banyan parked retry.
`;
