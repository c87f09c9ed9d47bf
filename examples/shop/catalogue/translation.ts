import type { RowOf } from 'banyan/cdc';
import { changed, translation, type NewEvent, type Transaction } from 'banyan/events';
import { shop } from '../tables.ts';
import * as events from './events.ts';

type Category = RowOf<typeof shop.tables.categories>;
type Product = RowOf<typeof shop.tables.products>;
type Stock = RowOf<typeof shop.tables.stock>;
type Review = RowOf<typeof shop.tables.reviews>;
type Tx = Transaction<typeof shop>;

/** What the shop's rows of categories, products, stock and reviews mean. */
export const catalogue = translation('catalogue', shop, {
  version: 1,
  *translate(tx) {
    // A row that was found is told as a new one is: what counts is that it is there.
    yield* there(tx, 'existing');
    yield* there(tx, 'inserted');
    yield* updates(tx);
    for (const { product_id: sku, warehouse } of tx.deleted('stock'))
      yield events.StockChanged({ sku, warehouse, quantity: 0 });
    for (const { sku, stars } of tx.deleted('reviews')) yield events.ReviewTakenBack({ sku, stars });
    for (const { sku } of tx.deleted('products')) yield events.ProductWithdrawn({ sku });
  },
});

function* there(tx: Tx, how: 'existing' | 'inserted'): Generator<NewEvent> {
  for (const category of tx[how]('categories')) yield named(category);
  for (const product of tx[how]('products')) yield listed(product);
  for (const stock of tx[how]('stock')) yield counted(stock);
  for (const review of tx[how]('reviews')) yield reviewed(review, null);
}

function* updates(tx: Tx): Generator<NewEvent> {
  for (const { after } of tx.updated('categories')) yield named(after);
  for (const { before, after } of tx.updated('products').filter(changed('price')))
    yield events.ProductRepriced({ sku: after.sku, was: before.price, price: after.price });
  const words = changed<Product, 'name' | 'description' | 'category_id' | 'keywords' | 'active'>(
    'name',
    'description',
    'category_id',
    'keywords',
    'active',
  );
  for (const { after } of tx.updated('products').filter(words))
    yield events.ProductDescribed(description(after));
  for (const { after } of tx.updated('stock').filter(changed('quantity'))) yield counted(after);
  for (const { before, after } of tx.updated('reviews').filter(changed('stars')))
    yield reviewed(after, before.stars);
}

function named({ id, name, parent_id: parentId }: Category): NewEvent {
  return events.CategoryNamed({ categoryId: id, name, parentId });
}

function description({ sku, name, description, category_id, keywords, active }: Product) {
  return { sku, name, description, categoryId: category_id, keywords: [...keywords], onSale: active };
}

function listed(product: Product): NewEvent {
  return events.ProductListed({ ...description(product), price: product.price });
}

function counted({ product_id: sku, warehouse, quantity }: Stock): NewEvent {
  return events.StockChanged({ sku, warehouse, quantity });
}

function reviewed({ sku, stars, written_at: writtenAt }: Review, replacesStars: number | null): NewEvent {
  return events.ProductReviewed({ sku, stars, replacesStars, writtenAt });
}
