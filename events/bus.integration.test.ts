import { busContract } from './bus.contract.ts';
import { createHostileBus } from './hostile-bus.ts';
import { createLocalBus } from './local-bus.ts';

busContract({
  name: 'the local bus',
  kind: 'ordered',
  open: async (logs) => createLocalBus({ eventLog: logs.inProcess, limits: { progressEveryMs: 10 } }),
});

busContract({
  name: 'the hostile bus',
  kind: 'unordered',
  open: async (logs) => {
    const hostility = { seed: 7, drop: 0, repeat: 3, delayMs: 50, batch: 3 };
    return createHostileBus({ eventLog: logs.inProcess, hostility, limits: { retryMs: 10 } });
  },
});
