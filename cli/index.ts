export { defineConfig, type BanyanConfig, type GatewayAddresses } from './config/config.ts';
