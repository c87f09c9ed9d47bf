import { decimal, event, timestamp } from 'banyan/events';
import { z } from 'zod';

const sku = z.string();
const description = {
  sku,
  name: z.string(),
  description: z.string(),
  categoryId: z.int(),
  keywords: z.array(z.string()),
  onSale: z.boolean(),
};

/** Published: a product came into the range. */
export const ProductListed = event('ProductListed', z.object({ ...description, price: decimal() }));
/** Published: a product costs something else from now on. */
export const ProductRepriced = event('ProductRepriced', z.object({ sku, was: decimal(), price: decimal() }));
/** Private: a product's words, its category, or whether it is sold. */
export const ProductDescribed = event('ProductDescribed', z.object(description));
/** Published: a product was deleted from the books. */
export const ProductWithdrawn = event('ProductWithdrawn', z.object({ sku }));

/** Private: so many pieces are in a warehouse now. */
export const StockChanged = event(
  'StockChanged',
  z.object({ sku, warehouse: z.string(), quantity: z.int() }),
);
/** Private: a customer's opinion, and what it replaces. */
export const ProductReviewed = event(
  'ProductReviewed',
  z.object({ sku, stars: z.int(), replacesStars: z.int().nullable(), writtenAt: timestamp() }),
);
/** Private: an opinion was taken back. */
export const ReviewTakenBack = event('ReviewTakenBack', z.object({ sku, stars: z.int() }));

/** Private: a category and its name. */
export const CategoryNamed = event(
  'CategoryNamed',
  z.object({ categoryId: z.int(), name: z.string(), parentId: z.int().nullable() }),
);
