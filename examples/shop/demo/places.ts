import type { BanyanProcess } from '../../../kit/banyan-process.ts';
import { openDatabase } from '../monolith/database.ts';
import type { WorkingCopy } from './working-copy.ts';

/** Where everything is that the tour visits. */
export interface Places {
  readonly shopUrl: string;
  readonly monolith: string;
  readonly gateways: Readonly<Record<string, string>>;
  readonly banyan: BanyanProcess;
  readonly env: Readonly<Record<string, string>>;
  readonly config: string;
  /** The project as it runs, in a copy that the tour may change. */
  readonly copy: WorkingCopy;
  /** Of customer 1, for a day. */
  readonly token: string;
  /** Sets the environment of `banyan` for this project; for a shell. */
  readonly envFile: string;
}

/** How long a step may take before it has failed. */
export const patienceMs = 60_000;

/** The first row that a query of the legacy database gives. */
export async function query<Row>(url: string, text: string, values: unknown[] = []): Promise<Row> {
  const db = openDatabase(url, 1);
  try {
    const { rows } = await db.query(text, values);
    return rows[0] as Row;
  } finally {
    await db.end();
  }
}

/** @throws Error saying what was found instead */
export function expectThat(holds: boolean, what: string, found: unknown): asserts holds {
  if (!holds) throw new Error(`Not so: ${what}. Found: ${JSON.stringify(found)}`);
}
