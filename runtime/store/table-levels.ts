/** Fewer tables than this are not worth a merge. */
const fewest = 4;

/**
 * How many of the newest tables to merge into one; 0 for none. Sizes are kept growing, from the newest to the oldest,
 * to about twice the sum of the newer ones: a store of a hundred times a table's size has some ten tables, and a
 * byte is written some five times in its life.
 * @param sizes the tables' bytes, newest first
 */
export function tablesToMerge(sizes: readonly number[]): number {
  let sum = 0;
  let count = 0;
  for (const size of sizes) {
    if (count > 0 && size > 2 * sum) break;
    sum += size;
    count++;
  }
  return count >= fewest ? count : 0;
}
