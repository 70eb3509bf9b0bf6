import { runService } from '@kempt/service-runtime';
import { integrationAuditService } from './service.ts';

await runService(integrationAuditService);
