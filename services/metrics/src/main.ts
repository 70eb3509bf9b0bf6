import { runService } from '@kempt/service-runtime';
import { metricsService } from './service.ts';

await runService(metricsService);
