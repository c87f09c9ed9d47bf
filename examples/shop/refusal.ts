/** What the shop says when it refuses: `{ "error": "the coupon is used up" }`. */
export function refusal({ body }: { readonly body: unknown }): { readonly message: string } {
  const said = typeof body === 'object' && body !== null && 'error' in body ? body.error : undefined;
  return { message: typeof said === 'string' ? said : 'The shop refused the request.' };
}
