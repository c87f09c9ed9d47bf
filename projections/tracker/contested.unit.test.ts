import { describe, expect, test } from '@jest/globals';
import { createLogger } from 'banyan/runtime';
import { hookedStore } from '../testing/hooked-store.ts';
import { UnorderedView } from '../testing/unordered-view.ts';

describe('healing of an event whose item others write all the time', () => {
  test('is said, passes for nothing that was done, and is done by a later run', async () => {
    const view = await UnorderedView.begin();
    const [lost] = view.append(['Counted', 'a']);
    view.tally();
    const end = view.log.end;
    view.now += 100_000;
    let isBusy = true;
    const store = hookedStore(view.store, async (call, isDone) => {
      if (isBusy && call === 'writeMany' && !isDone) await view.apply(view.append(['Counted', 'a']));
    });
    const lines: string[] = [];
    const logger = createLogger({ write: (line) => void lines.push(line) });
    const tracker = view.tracker({ store, logger, pause: async () => undefined });
    expect(await tracker.run()).toMatchObject({ healed: 0, unmet: 1 });
    expect(await view.store.progress(view.generation)).toEqual({});
    expect(lines.join('')).toContain('ITEMS_CONTESTED');
    isBusy = false;
    expect(await tracker.run()).toMatchObject({
      watermark: { [view.log.name]: { position: end } },
      ...{ healed: 1, late: 0, unmet: 0 },
    });
    expect(await view.documents()).toEqual(view.expected);
    // The bus was late with it.
    await view.apply([lost]);
    expect(await view.documents()).toEqual(view.expected);
  });
});
