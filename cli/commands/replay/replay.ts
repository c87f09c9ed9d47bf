import type { Command } from 'commander';
import type { CommandContext } from '../../context.ts';
import { addDiffCommand } from './diff.ts';
import { addHistoryCommand } from './history.ts';
import { addMoveCommands } from './moves.ts';
import { addPlanCommand } from './plan.ts';
import { addRetireCommand } from './retire.ts';
import { addStartCommand } from './start.ts';
import { addReplayStatusCommand } from './status.ts';

/** `banyan replay plan | start | diff | promote | rollback | retire | status | history` */
export function addReplayCommand(program: Command, context: CommandContext): void {
  const replay = program
    .command('replay')
    .description('build a view anew after a fix, see what the fix changes, promote it, roll back');
  addPlanCommand(replay, context);
  addStartCommand(replay, context);
  addDiffCommand(replay, context);
  addMoveCommands(replay, context);
  addRetireCommand(replay, context);
  addReplayStatusCommand(replay, context);
  addHistoryCommand(replay, context);
}
