import { runService } from '@kempt/service-runtime';
import { connectorConfigSchema } from './config.ts';
import { buildConnector } from './service.ts';

await runService({
  name: 'connector',
  description: 'Reads the CRMs, keeps the mirror and publishes every change.',
  configSchema: connectorConfigSchema,
  build: buildConnector,
});
