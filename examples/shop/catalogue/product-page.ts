import { decimal } from 'banyan/events';
import { projection, removed } from 'banyan/projections';
import { z } from 'zod';
import * as events from './events.ts';

const ProductPage = z.object({
  sku: z.string(),
  name: z.string(),
  description: z.string(),
  categoryId: z.int(),
  keywords: z.array(z.string()),
  onSale: z.boolean(),
  price: decimal(),
  /** What it cost before the last change of price. */
  previousPrice: decimal().nullable(),
  /** Pieces by warehouse. */
  stock: z.record(z.string(), z.int()),
  reviews: z.object({ count: z.int(), stars: z.int() }),
});
type Page = z.infer<typeof ProductPage>;

/** Counts one opinion in or out. */
function rate(page: Page, count: number, stars: number): Page {
  const { reviews } = page;
  return { ...page, reviews: { count: reviews.count + count, stars: reviews.stars + stars } };
}

/** A product as a visitor sees it, with what is in stock. */
export const productPage = projection('product-page', ProductPage)
  .on(events.ProductListed, {
    key: (e) => e.sku,
    apply: (_, e) => ({ ...e, previousPrice: null, stock: {}, reviews: { count: 0, stars: 0 } }),
  })
  .on(events.ProductDescribed, { key: (e) => e.sku, apply: (page, e) => page && { ...page, ...e } })
  .on(events.ProductRepriced, {
    key: (e) => e.sku,
    apply: (page, e) => page && { ...page, price: e.price, previousPrice: e.was },
  })
  .on(events.StockChanged, {
    key: (e) => e.sku,
    apply: (page, e) => page && { ...page, stock: { ...page.stock, [e.warehouse]: e.quantity } },
  })
  .on(events.ProductReviewed, {
    key: (e) => e.sku,
    apply: (page, e) =>
      page && rate(page, e.replacesStars === null ? 1 : 0, e.stars - (e.replacesStars ?? 0)),
  })
  .on(events.ReviewTakenBack, { key: (e) => e.sku, apply: (page, e) => page && rate(page, -1, -e.stars) })
  .on(events.ProductWithdrawn, { key: (e) => e.sku, apply: () => removed })
  .index('byCategory', {
    partition: (page) => (page.onSale ? String(page.categoryId) : undefined),
    sort: (page) => page.name,
  });

const Category = z.object({ categoryId: z.int(), name: z.string(), parentId: z.int().nullable() });

/** A category's name, joined to product pages when they are read. */
export const category = projection('category', Category).on(events.CategoryNamed, {
  key: (e) => String(e.categoryId),
  apply: (_, e) => e,
});
