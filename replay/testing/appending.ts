import { appendHistory } from '../history/history.ts';

/*
 * A process that writes so many lines into the history of a directory: node appending.ts DIRECTORY WHO LINES
 */
const [, , directory = '', who = '', lines = '0'] = process.argv;

for (let epoch = 1; epoch <= Number(lines); epoch += 1) {
  const projections = [{ name: 'view', from: epoch, to: epoch + 1, bundle: 'b'.repeat(200) }];
  await appendHistory(directory, { who, action: 'promote', group: 'orders', projections, epoch });
}
