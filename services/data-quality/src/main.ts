import { runService } from '@kempt/service-runtime';
import { dataQualityService } from './service.ts';

await runService(dataQualityService);
