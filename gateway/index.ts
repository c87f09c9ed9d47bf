export { gateway, type AnyGateway, type Gateway, type PageOf, type ResponseOf } from './gateway.ts';
export type { ReadRoute, Route, WriteRoute } from './route.ts';
export type { Body, Outcome, Status } from './answer.ts';
export { jwt, type Identity, type JwtOptions, type Verified } from './identity.ts';
export { createGatewayApp, type GatewayAppOptions } from './app.ts';
export type { GatewayGroup } from './openapi.ts';
export { serveGateway, type ServedGateway, type ServeGatewayOptions } from './node-host.ts';
