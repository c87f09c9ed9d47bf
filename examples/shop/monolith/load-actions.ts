import type { Reply, Send } from './load-client.ts';
import type { Random } from './random.ts';
import { addressWords, paragraph, personName } from './words.ts';

/** One who does things in the shop, with a memory of what is still to be done. */
export interface Shopper {
  readonly random: Random;
  readonly send: Send;
  readonly clerkToken: string;
  readonly skus: readonly string[];
  readonly coupons: readonly string[];
  /** Signed-up customers: number and session. */
  readonly customers: { readonly id: string; readonly token: string }[];
  /** Seeded customers, numbered from 1, whom the clerk serves by telephone. */
  readonly knownCustomers: number;
  /** Order numbers by what they wait for. */
  readonly unpaid: string[];
  readonly unshipped: string[];
  readonly signUpName: () => string;
}

const staff = (shopper: Shopper, method: string, path: string, body?: unknown): Promise<Reply> =>
  shopper.send(method, path, body, shopper.clerkToken);

async function signUp(shopper: Shopper): Promise<Reply> {
  const { random, send } = shopper;
  const login = shopper.signUpName();
  const account = {
    email: login,
    name: personName(random),
    password: 'old oak',
    address: addressWords(random),
  };
  const reply = await send('POST', '/api/customers', account);
  const session = await send('POST', '/api/login', { login, password: account.password });
  const { token, customer_id: id } = session.body;
  if (typeof token === 'string' && typeof id === 'string') shopper.customers.push({ id, token });
  return reply;
}

async function place(shopper: Shopper): Promise<Reply> {
  const { random } = shopper;
  const byTelephone = shopper.knownCustomers > 0 && random.chance(0.5);
  const customer = random.pick(shopper.customers);
  const order = {
    ...(byTelephone && { customer_id: String(random.between(1, shopper.knownCustomers)) }),
    lines: random
      .some(shopper.skus, random.between(1, 4))
      .map((sku) => ({ sku, quantity: random.between(1, 3) })),
    ...(random.chance(0.3) && { coupon: random.pick(shopper.coupons) }),
    ...(random.chance(0.1) && { note: paragraph(random, 60) }),
  };
  const token = byTelephone ? shopper.clerkToken : customer.token;
  const reply = await shopper.send('POST', '/api/orders', order, token);
  if (typeof reply.body['id'] === 'string') shopper.unpaid.push(reply.body['id']);
  return reply;
}

async function pay(shopper: Shopper): Promise<Reply> {
  const order = shopper.unpaid.shift();
  if (order === undefined) return place(shopper);
  const method = shopper.random.pick(['card', 'transfer']);
  const reply = await staff(shopper, 'POST', `/api/orders/${order}/pay`, { method });
  if (reply.status === 200) shopper.unshipped.push(order);
  return reply;
}

async function ship(shopper: Shopper): Promise<Reply> {
  const order = shopper.unshipped.shift();
  if (order === undefined) return pay(shopper);
  const carrier = shopper.random.pick(['Post', 'Courier']);
  return staff(shopper, 'POST', `/api/orders/${order}/ship`, { carrier });
}

async function cancel(shopper: Shopper): Promise<Reply> {
  const order = shopper.random.chance(0.7) ? shopper.unpaid.pop() : shopper.unshipped.pop();
  return order === undefined ? place(shopper) : staff(shopper, 'POST', `/api/orders/${order}/cancel`);
}

async function annotate(shopper: Shopper): Promise<Reply> {
  const order = shopper.unpaid.at(-1);
  if (order === undefined) return place(shopper);
  return staff(shopper, 'PUT', `/api/orders/${order}/note`, { note: paragraph(shopper.random, 80) });
}

/** The number of some customer, signed up or seeded. */
function someCustomer({ random, customers, knownCustomers }: Shopper): string {
  const seeded = knownCustomers > 0 && random.chance(0.5);
  return seeded ? String(random.between(1, knownCustomers)) : random.pick(customers).id;
}

const product = ({ random, skus }: Shopper): string => `/api/products/${random.pick(skus)}`;

/** What happens in the shop, and how often. */
export const usualDay = {
  browse: 20,
  place: 35,
  pay: 25,
  ship: 15,
  cancel: 6,
  annotate: 3,
  rename: 4,
  move: 2,
  reprice: 4,
  restock: 3,
  review: 4,
  takeBack: 1,
  signUp: 2,
} as const;

/** The names of what may happen. */
export type Action = keyof typeof usualDay;

export const actions: Readonly<Record<Action, (shopper: Shopper) => Promise<Reply>>> = {
  browse: (shopper) => shopper.send('GET', product(shopper)),
  place,
  pay,
  ship,
  cancel,
  annotate,
  rename: (shopper) =>
    staff(shopper, 'PATCH', `/api/customers/${someCustomer(shopper)}`, { name: personName(shopper.random) }),
  move: (shopper) =>
    staff(shopper, 'POST', `/api/customers/${someCustomer(shopper)}/addresses`, {
      address: addressWords(shopper.random),
    }),
  reprice: (shopper) =>
    staff(shopper, 'PUT', `${product(shopper)}/price`, {
      price: (shopper.random.between(199, 49_999) / 100).toFixed(2),
    }),
  restock: (shopper) =>
    staff(shopper, 'POST', `${product(shopper)}/stock`, {
      warehouse: shopper.random.pick(['north', 'south', 'quay']),
      quantity: shopper.random.between(10, 200),
    }),
  review: (shopper) => {
    const { random } = shopper;
    const review = { stars: random.between(1, 5), body: paragraph(random, 100) };
    return shopper.send('POST', `${product(shopper)}/reviews`, review, random.pick(shopper.customers).token);
  },
  takeBack: (shopper) =>
    shopper.send(
      'DELETE',
      `${product(shopper)}/reviews`,
      undefined,
      shopper.random.pick(shopper.customers).token,
    ),
  signUp,
};
