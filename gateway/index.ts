export { gateway, type AnyGateway, type Gateway, type PageOf, type ResponseOf } from './gateway.ts';
