import { DemonstrationError } from '../errors.ts';

/** A record as the simulated CRM itself shows it, by the names of its fields. */
export type SimulatedRecord = Readonly<Record<string, unknown>>;

/** Reads the simulated CRMs past the API that Kempt uses, so that what Kempt says of them can be held against them. */
export interface SimulatedRecords {
  /** `ref` is `account:object:recordId`. Undefined when the CRM has no such record, or only in its bin. */
  read(ref: string): Promise<SimulatedRecord | undefined>;
}

export function createSimulatedRecords(controlUrl: string): SimulatedRecords {
  return {
    async read(ref) {
      const [system, , object = '', id = ''] = ref.split(':');
      const crm = system === 'sf' ? 'salesforce' : 'hubspot';
      const path = `/__control/${crm}/records/${encodeURIComponent(object)}/${encodeURIComponent(id)}`;
      const response = await fetch(new URL(path, controlUrl), { signal: AbortSignal.timeout(30_000) });
      if (response.status === 404) return undefined;
      if (!response.ok) {
        throw new DemonstrationError(
          'DEMONSTRATION_CRM',
          `The simulated ${crm} answered ${response.status} to ${path}`,
        );
      }
      const record = (await response.json()) as SimulatedRecord | null;
      return record === null || record['IsDeleted'] === true || record['archived'] === true ? undefined : record;
    },
  };
}

/** Fields that the CRM itself keeps: ids, stamps, and everything that HubSpot derives. */
const kept =
  /^(Id|IsDeleted|MasterRecordId|CreatedDate|CreatedById|LastModified.*|SystemModstamp|LastActivityDate|id|archived|createdate|lastmodifieddate|hs_.*)$/;

/** Names of the fields that people fill in and in which two states of a record differ. */
export function differingFields(before: SimulatedRecord, after: SimulatedRecord): readonly string[] {
  const textOf = (value: unknown): string => (value === undefined || value === null ? '' : JSON.stringify(value));
  return [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .filter((name) => !kept.test(name) && textOf(before[name]) !== textOf(after[name]))
    .sort();
}
