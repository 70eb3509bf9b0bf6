import {
  create,
  type DescMessage,
  type EventRecord,
  encodeEvent,
  type MessageInitShape,
  type Topic,
} from '@kempt/contracts';
import { type ServiceTestBed, startServiceTestBed } from '@kempt/service-runtime/testing';
import { v7 as uuidv7 } from 'uuid';
import { metricsService } from './service.ts';

export const account = 'sf:00D1';

export interface TestEvent<Desc extends DescMessage> {
  readonly key: string;
  readonly sequence: number;
  readonly time?: Date;
  /** Null: a tombstone. */
  readonly data: MessageInitShape<Desc> | null;
}

/** The service on a real Postgres, with events of any topic. */
export interface MetricsTestBed extends ServiceTestBed {
  event<Desc extends DescMessage>(topic: Topic<Desc>, event: TestEvent<Desc>): EventRecord;
}

export async function startMetricsTestBed(environment: Readonly<Record<string, string>> = {}): Promise<MetricsTestBed> {
  const bed = await startServiceTestBed(metricsService, {
    entry: new URL('./main.ts', import.meta.url).pathname,
    scopes: ['kpis:read', 'kpis:write'],
    environment: {
      KEMPT_METRICS_KPI_INTERVAL_MS: '100',
      KEMPT_METRICS_CALENDAR_INTERVAL_MS: '100',
      KEMPT_METRICS_BASELINE_AFTER_MS: '0',
      ...environment,
    },
  });
  return Object.assign(bed, {
    event: <Desc extends DescMessage>(topic: Topic<Desc>, event: TestEvent<Desc>): EventRecord =>
      encodeEvent(
        {
          topic,
          id: uuidv7(),
          tenantId: bed.tenantId,
          source: `/kempt/${topic.owner}`,
          subject: event.key,
          key: event.key,
          time: event.time ?? new Date(),
          recordedTime: new Date(0),
          sequence: event.sequence,
          data: event.data === null ? null : create(topic.message, event.data),
        },
        { name: 'protobuf' },
      ),
  });
}
