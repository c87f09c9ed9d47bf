import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';

/** The fix, as a developer makes it: a line of the projection, with and without. */
const right = 'total: minus(e.subtotal, e.discount),';
const wrong = 'total: e.subtotal,';
const imported = "import { minus } from '../money.ts';\n";

/** A copy of the shop's strangling that the demo may change. */
export interface WorkingCopy {
  /** Its configuration. */
  readonly config: string;
  /** The file with the fault, and the line as it is before and after the fix. */
  readonly file: string;
  readonly wrong: string;
  readonly right: string;
  /** Mends the fault. */
  fix(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Copies the shop's groups beside the sources, so that packages are found, in the version with the fault: the first
 * one forgot the coupon's discount.
 * @param config the shop's `banyan.config.ts`
 */
export async function workingCopy(config: string): Promise<WorkingCopy> {
  const shop = dirname(config);
  const copy = resolve(shop, '..', '..', '.banyan', `demo-${process.pid}`);
  await mkdir(copy, { recursive: true });
  const parts = ['banyan.config.ts', 'tables.ts', 'callers.ts', 'money.ts', 'refusal.ts'];
  for (const part of [...parts, 'orders', 'customers', 'catalogue']) {
    await cp(join(shop, part), join(copy, part), {
      recursive: true,
      filter: (path) => !basename(path).endsWith('.test.ts'),
    });
  }
  const file = join(copy, 'orders', 'order-summary.ts');
  const text = await readFile(file, 'utf8');
  const faulty = text.replace(right, wrong).replace(imported, '');
  if (faulty.length !== text.length - right.length + wrong.length - imported.length)
    throw new Error(`${file} has no line "${right}" any more: the demo's story needs it.`);
  await writeFile(file, faulty);
  return {
    config: join(copy, basename(config)),
    file,
    wrong,
    right,
    fix: () => writeFile(file, text),
    close: () => rm(copy, { recursive: true, force: true }),
  };
}
