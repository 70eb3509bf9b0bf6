export { type DemonstrationOptions, runDemonstration } from './demonstration.ts';
export { type ApiClient, createApiClient } from './first-sync/api-client.ts';
export { isQuiet, sumOf } from './first-sync/quiescence.ts';
