import { group } from 'banyan/catalog';
import { decimal } from 'banyan/events';
import { gateway } from 'banyan/gateway';
import { z } from 'zod';
import { isStaff } from '../callers.ts';
import { refusal } from '../refusal.ts';
import { ProductListed, ProductRepriced, ProductWithdrawn } from './events.ts';
import { category, productPage } from './product-page.ts';
import { categoriesInTheBooks, productsInTheBooks } from './reconciliations.ts';
import { catalogue } from './translation.ts';

export default group('catalogue', {
  owner: { team: 'range', contact: 'range@shop.example' },
  publishes: [ProductListed, ProductRepriced, ProductWithdrawn],
  translation: catalogue,
  projections: [productPage, category],
  reconciliations: [productsInTheBooks, categoriesInTheBooks],
  gateway: gateway()
    .read(
      'GET /products/{sku}',
      productPage.byKey('sku').include(
        'category',
        category.byKey((page) => String(page.categoryId)),
      ),
      { public: true, summary: 'A product with its stock' },
    )
    .read('GET /categories/{id}/products', productPage.by('byCategory', 'id'), {
      public: true,
      summary: 'What a category sells, by name',
    })
    .write('PUT /products/{sku}/price', {
      to: 'PUT /api/products/{sku}/price',
      body: z.object({ price: decimal() }),
      authorize: (who) => isStaff(who),
      answers: z.object({ sku: z.string(), price: decimal() }),
      response: (legacy) => legacy,
      refusal,
      summary: 'Changes a price',
    }),
});
