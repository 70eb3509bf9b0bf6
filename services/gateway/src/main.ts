import { runService } from '@kempt/service-runtime';
import { gatewayDefinition } from './definition.ts';

await runService(gatewayDefinition);
