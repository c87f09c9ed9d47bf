import { describe, expect, test } from '@jest/globals';
import { createBoard } from './board.ts';

/** A terminal that keeps what it was told, in order. */
function keeping(interactive: boolean) {
  const said: string[] = [];
  const keep = (text: string): void => void said.push(text);
  return { said, terminal: { out: keep, err: keep, interactive, width: 80 } };
}

/**
 * What such a terminal shows in the end: lines that were cleared are gone. Only what the board uses is understood:
 * to the first column, clear to the right, clear to the bottom, up.
 */
function screen(said: readonly string[]): string[] {
  const lines = [''];
  let [row, column] = [0, 0];
  for (const [token, plain, argument, command] of said
    .join('')
    .matchAll(/([^\u001b\n]+)|\n|\u001b\[(\d*)([A-Z])/gu)) {
    if (token === '\n') {
      row += 1;
      column = 0;
      lines[row] ??= '';
    } else if (plain !== undefined) {
      const line = lines[row] ?? '';
      lines[row] = line.slice(0, column).padEnd(column) + plain + line.slice(column + plain.length);
      column += plain.length;
    } else if (command === 'G') column = Number(argument || 1) - 1;
    else if (command === 'A') row -= Number(argument || 1);
    else if (command === 'K') lines[row] = argument === '2' ? '' : (lines[row] ?? '').slice(0, column);
    else if (command === 'J') {
      lines.length = row + 1;
      lines[row] = (lines[row] ?? '').slice(0, column);
    }
  }
  return lines;
}

describe('on a terminal', () => {
  test('what is said stands above the bars, which go when their work ends', () => {
    const { said, terminal } = keeping(true);
    const board = createBoard(terminal, () => 0);
    const shop = board.progress('shop', 'rows');
    const crm = board.progress('crm', 'rows');
    shop.update(1, 2);
    board.err('warning\n');
    expect(screen(said)).toEqual([
      'warning',
      expect.stringMatching(/^shop {2}█+░+ {2}50 % {2}1 of 2 rows$/),
      'crm  0 rows',
    ]);
    shop.stop();
    board.out('shop: done\n');
    expect(screen(said)).toEqual(['warning', 'shop: done', 'crm  0 rows']);
    crm.stop();
    expect(screen(said)).toEqual(['warning', 'shop: done', '']);
  });
});

describe('elsewhere', () => {
  test('there is a plain line now and then, and none for short work', () => {
    const { said, terminal } = keeping(false);
    let now = 0;
    const shown = createBoard(terminal, () => now).progress('snapshot of shop', 'rows', true);
    for (; now <= 25_000; now += 1000) shown.update(now, 50_000);
    shown.stop();
    expect(said).toEqual([
      'snapshot of shop: 10,000 of about 50,000 rows, 1,000/s, 40 s left\n',
      'snapshot of shop: 20,000 of about 50,000 rows, 1,000/s, 30 s left\n',
    ]);
  });
});
