import type { HubSpotLoad } from '../hubspot/hubspot-load.ts';
import type { SalesforceLoad } from '../salesforce/salesforce-load.ts';
import { createPopulation, type PopulationOptions } from './population.ts';

/** What both CRMs hold to begin with. */
export interface CrmLoads {
  readonly salesforce: SalesforceLoad;
  readonly hubspot: HubSpotLoad;
}

/**
 * The default load of both simulators, or another one by seed and sizes: the same options give the same records, to the
 * letter. Which records show the same person or organisation is not part of it; scoring asks `@kempt/crm-simulators/truth`.
 */
export function createDefaultLoad(options: PopulationOptions = {}): CrmLoads {
  const { salesforce, hubspot } = createPopulation(options);
  return { salesforce, hubspot };
}
