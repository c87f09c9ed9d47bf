import { registerHooks } from 'node:module';

/*
 * For a process that a test starts, which knows nothing of jest: `banyan/ROOM` is the room's sources.
 */
const root = new URL('../../', import.meta.url);
registerHooks({
  resolve: (name, context, next) => {
    const room = /^banyan\/(.*)$/.exec(name)?.[1];
    return next(room === undefined ? name : new URL(`${room}/index.ts`, root).href, context);
  },
});
