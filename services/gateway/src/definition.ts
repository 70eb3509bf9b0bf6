import type { ServiceDefinition } from '@kempt/service-runtime';
import { type GatewayConfig, gatewayConfigRules, gatewayConfigSchema } from './config.ts';
import { buildGateway } from './service.ts';

/** The gateway reads events only to tell them on: it serves as long as its own database and the services do. */
export const gatewayDefinition: ServiceDefinition<GatewayConfig> = {
  name: 'gateway',
  description: 'The public API of Kempt.',
  configSchema: gatewayConfigSchema,
  configRules: gatewayConfigRules,
  usesEvents: 'optional',
  build: buildGateway,
};
