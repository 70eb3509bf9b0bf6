import {
  create,
  type EventRecord,
  encodeEvent,
  idKey,
  KpiMeasuredSchema,
  timestampFromDate,
  topics,
  type WireFormat,
} from '@kempt/contracts';
import { v7 as newEventId } from 'uuid';
import { kpiDefinitions } from './kpi.ts';
import type { KpiValue } from './kpi-store.ts';

export interface ToldKpi extends KpiValue {
  readonly baseline: number | null;
  readonly target: number | null;
}

export type KpiEvents = (tenantId: string, told: ToldKpi) => EventRecord;

/** Tells what a KPI came to. */
export function createKpiEvents(wireFormat: WireFormat): KpiEvents {
  return (tenantId, { kpi, account, sequence, measuredAt, value, baseline, target, terms }) =>
    encodeEvent(
      {
        topic: topics.kpiMeasured,
        id: newEventId(),
        tenantId,
        source: '/kempt/metrics',
        subject: account === '' ? kpi : `${kpi}/${account}`,
        key: idKey(tenantId, kpi),
        time: measuredAt,
        recordedTime: measuredAt,
        sequence,
        data: create(KpiMeasuredSchema, {
          kpi,
          account,
          sequence,
          ...(value === null ? {} : { value }),
          ...(baseline === null ? {} : { baseline }),
          ...(target === null ? {} : { target }),
          unit: kpiDefinitions[kpi].unit,
          higherIsBetter: kpiDefinitions[kpi].higherIsBetter,
          terms: { ...terms },
          measuredAt: timestampFromDate(measuredAt),
        }),
      },
      wireFormat,
    );
}
