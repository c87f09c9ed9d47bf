import { openDatabase } from './database.ts';

/** What an auditor asks of the books: each query gives the rows that are wrong. */
const questions: Readonly<Record<string, string>> = {
  'an order whose subtotal is not the sum of its lines': `
    SELECT o.id FROM orders o LEFT JOIN order_lines l ON l.order_id = o.id
     GROUP BY o.id HAVING o.subtotal IS DISTINCT FROM sum(l.quantity * l.unit_price)`,
  'an order whose total is not subtotal - discount': `
    SELECT id FROM orders WHERE total <> subtotal - discount OR discount < 0 OR total < 0`,
  "an order whose discount is not its coupon's": `
    SELECT o.id FROM orders o LEFT JOIN coupons c ON c.code = o.coupon_code
     WHERE o.discount <> least(o.subtotal, coalesce(c.amount, round(o.subtotal * c.percent / 100, 2), 0))`,
  'a coupon whose uses are not counted right': `
    SELECT code AS id FROM coupons c WHERE uses <> (SELECT count(*) FROM orders o
     WHERE o.coupon_code = c.code AND o.status <> 'cancelled')`,
  'an order whose payments do not fit its status': `
    SELECT o.id FROM orders o LEFT JOIN billing.payments p ON p.order_id = o.id AND p.refunded_at IS NULL
     GROUP BY o.id HAVING coalesce(sum(p.amount), 0)
       <> CASE WHEN o.status IN ('paid', 'shipped') THEN o.total ELSE 0 END`,
  'an order whose shipments do not fit its status': `
    SELECT o.id FROM orders o LEFT JOIN shipments s ON s.order_id = o.id
     GROUP BY o.id HAVING count(s.id) <> CASE WHEN o.status = 'shipped' THEN 1 ELSE 0 END`,
  'a negative stock': `SELECT product_id AS id FROM warehouse.stock WHERE quantity < 0`,
};

/** What is wrong in the shop's books, as sentences; empty when all adds up. */
export async function inconsistencies(databaseUrl: string): Promise<string[]> {
  const db = openDatabase(databaseUrl, 1);
  try {
    const found: string[] = [];
    for (const [what, sql] of Object.entries(questions)) {
      const { rows } = await db.query<{ id: string }>(`SELECT id FROM (${sql}) wrong LIMIT 3`);
      if (rows.length > 0) found.push(`${what}: ${rows.map((row) => row.id).join(', ')}`);
    }
    return found;
  } finally {
    await db.end();
  }
}

/** Pieces that are in stock or with customers: no order changes it. */
export async function piecesEverHeld(databaseUrl: string): Promise<number> {
  const db = openDatabase(databaseUrl, 1);
  try {
    const { rows } = await db.query<{ pieces: string }>(
      `SELECT (SELECT sum(quantity) FROM warehouse.stock)
            + (SELECT coalesce(sum(l.quantity), 0) FROM order_lines l JOIN orders o ON o.id = l.order_id
                WHERE o.status <> 'cancelled') AS pieces`,
    );
    return Number(rows[0]?.pieces);
  } finally {
    await db.end();
  }
}
