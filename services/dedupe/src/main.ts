import { runService } from '@kempt/service-runtime';
import { dedupeConfigSchema } from './config.ts';
import { buildDedupe } from './service.ts';

await runService({ name: 'dedupe', configSchema: dedupeConfigSchema, build: buildDedupe });
