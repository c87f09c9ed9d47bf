export { defineConfig, type BanyanConfig, type GatewayAddresses } from 'banyan/cli';
