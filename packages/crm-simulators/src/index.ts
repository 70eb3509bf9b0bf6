export { createClock, type SimulatorClock } from './clock.ts';
export type { Fault, FaultEffect, FaultPlan, InjectedFault } from './http/fault-plan.ts';
export type { Outage, OutageKind, OutageRequest, Outages } from './http/outages.ts';
export type { HubSpotCredentials } from './hubspot/hubspot-auth.ts';
export { hubSpotFaultNames } from './hubspot/hubspot-faults.ts';
export type { HubSpotLoad, HubSpotObjectLoad, HubSpotRow } from './hubspot/hubspot-load.ts';
export {
  type HubSpotSimulator,
  type HubSpotSimulatorOptions,
  hubSpotPortalId,
  hubSpotScopes,
  startHubSpotSimulator,
} from './hubspot/hubspot-simulator.ts';
export type { HubSpotLimits } from './hubspot/rate-limits.ts';
export type { HubSpotRecordChanges } from './hubspot/record-changes.ts';
export { type CrmLoads, createDefaultLoad } from './population/default-load.ts';
export type { PopulationOptions, PopulationSizes } from './population/population.ts';
export type {
  RelatedChange,
  WriteCount,
  WriteLog,
  WriteLogEntry,
  WriteLogFilter,
  WrittenValues,
} from './records/write-log.ts';
export type { SalesforceRecordChanges } from './salesforce/record-changes.ts';
export type { RowFault, RowFaults } from './salesforce/row-faults.ts';
export type { SalesforceCredentials } from './salesforce/salesforce-auth.ts';
export { salesforceFaultNames } from './salesforce/salesforce-faults.ts';
export type { SalesforceLoad, SalesforceObjectLoad } from './salesforce/salesforce-load.ts';
export {
  type SalesforceSimulator,
  type SalesforceSimulatorOptions,
  salesforceOrgId,
  salesforceUserId,
  startSalesforceSimulator,
} from './salesforce/salesforce-simulator.ts';
export { type Simulators, type SimulatorsOptions, startSimulators } from './simulators.ts';
