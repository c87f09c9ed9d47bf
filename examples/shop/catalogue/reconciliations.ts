import { reconciliation } from 'banyan/projections';
import { category, productPage } from './product-page.ts';

/** The price before the last one is in nobody's books. */
export const productsInTheBooks = reconciliation(productPage, {
  source: 'shop',
  fields: ['sku', 'name', 'description', 'categoryId', 'keywords', 'onSale', 'price', 'stock', 'reviews'],
  query: `
    SELECT p.sku AS key, p.sku, p.name, p.description, p.category_id AS "categoryId", p.keywords,
           p.active AS "onSale", p.price,
           (SELECT coalesce(jsonb_object_agg(warehouse, quantity), '{}')
              FROM warehouse.stock WHERE product_id = p.sku) AS stock,
           (SELECT jsonb_build_object('count', count(*), 'stars', coalesce(sum(stars), 0))
              FROM public.reviews r WHERE r.sku = p.sku) AS reviews
      FROM public.products p`,
});

export const categoriesInTheBooks = reconciliation(category, {
  source: 'shop',
  fields: ['categoryId', 'name', 'parentId'],
  query: `SELECT id::text AS key, id AS "categoryId", name, parent_id AS "parentId" FROM public.categories`,
});
