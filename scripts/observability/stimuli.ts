import { randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { StimulusName } from '@kempt/observability';
import type { ServiceName } from '../slice/deployment.ts';
import { applyWrites } from './change-sets.ts';
import type { Scene } from './scene.ts';

/** Something that is done to a running Kempt, and taken back at the end, so that the next one finds it in order. */
export interface Stimulus {
  /** What goes on before and meanwhile, where an answer needs something to tell of. Nobody waits for its end. */
  readonly prelude?: (scene: Scene) => Promise<void>;
  readonly run: (scene: Scene) => Promise<void>;
  /** Alerts that must reach the webhook because of it, and end after it. */
  readonly alerts?: readonly string[];
}

const outageSeconds = 22;
const bothCrms = ['salesforce', 'hubspot'] as const;

/** Edits by users of both CRMs. */
async function edit(scene: Scene, perSecond: number, seconds: number): Promise<void> {
  const contacts = await scene.ids('salesforce', 'Contact');
  const others = await scene.ids('hubspot', 'contacts');
  await scene.repeat(perSecond, seconds, async (index) => {
    const number = Date.now() % 1_000_000;
    if (index % 2 === 0) {
      await scene.control('PATCH', `salesforce/records/Contact/${contacts[index % contacts.length]}`, {
        Title: `Buyer ${number}`,
      });
    } else {
      await scene.control('PATCH', `hubspot/records/contacts/${others[index % others.length]}`, {
        jobtitle: `Buyer ${number}`,
      });
    }
  });
}

const stop = (controller: AbortController): void => controller.abort();

/** Opens event streams and keeps them open until they are aborted. */
async function follow(scene: Scene, clients: number): Promise<readonly AbortController[]> {
  const controllers = Array.from({ length: clients }, () => new AbortController());
  await Promise.all(
    controllers.map(async ({ signal }) => {
      const response = await fetch(new URL('/v1/events', scene.deployment.apiUrl), {
        headers: { authorization: `Bearer ${scene.deployment.apiKey}` },
        signal,
      });
      // What is read is of no interest; that it is read keeps the client from being called slow.
      void (async () => {
        for await (const chunk of response.body ?? []) void chunk;
      })().catch(() => undefined);
    }),
  );
  return controllers;
}

export const stimuli: Readonly<Record<StimulusName, Stimulus>> = {
  requests: {
    run: (scene) =>
      scene.repeat(20, 14, (index) => scene.status(index % 2 === 0 ? '/v1/clusters?limit=1' : '/v1/records?limit=1')),
  },
  'wrong-keys': {
    run: (scene) =>
      scene.repeat(6, 12, () =>
        scene.status('/v1/clusters?limit=1', {
          key: `kempt_test_${randomBytes(6).toString('hex')}_${randomBytes(32).toString('hex')}`,
        }),
      ),
  },
  'slow-answers': {
    async run(scene) {
      await scene.control('POST', 'salesforce/outages', { kind: 'slow', seconds: 20, delayMs: 700 });
      const requests = scene.repeat(5, 18, () => scene.status('/v1/clusters?limit=1'));
      for (let turn = 0; turn < 12; turn += 1) {
        await scene.lock('dedupe.cluster', 1_200);
        await sleep(50);
      }
      await requests;
      await scene.control('DELETE', 'salesforce/outages');
    },
    alerts: ['KemptLatencyBudgetBurn'],
  },
  followers: {
    async run(scene) {
      for (let turn = 0; turn < 3; turn += 1) {
        (await follow(scene, 1)).forEach(stop);
        await sleep(1_500);
      }
      const followers = await follow(scene, 5);
      await sleep(6_000);
      followers.forEach(stop);
    },
  },
  changes: { run: (scene) => edit(scene, 6, 14) },
  'malformed-records': {
    async run(scene) {
      // The answer of a batch read: not one of them is a record.
      const body = JSON.stringify({ status: 'COMPLETE', results: [null, { properties: {} }] });
      await scene.control('POST', 'hubspot/faults', {
        path: 'batch/read',
        times: 3,
        effect: { kind: 'reply', status: 200, headers: { 'Content-Type': 'application/json' }, body },
      });
      await edit(scene, 2, 12);
      await scene.control('DELETE', 'hubspot/faults');
    },
    alerts: ['KemptRecordsUnreadable'],
  },
  duplicates: {
    async run(scene) {
      const records = await scene.control<Record<string, unknown>[]>('GET', 'salesforce/records/Contact');
      const living = records.filter((record) => record['IsDeleted'] !== true && record['Email'] !== null);
      await scene.repeat(3, 14, async (index) => {
        const { FirstName, LastName, Email } = living[index % living.length] ?? {};
        await scene.control('POST', 'salesforce/records/Contact', {
          FirstName,
          LastName,
          Email,
          Phone: 'ask the front desk',
        });
      });
    },
  },
  reviews: {
    async run(scene) {
      const { items: pairs } = await scene.api<{ items: { left: string; right: string }[] }>(
        'GET',
        '/v1/reviews/queue?limit=20',
      );
      const { items: findings } = await scene.api<{ items: { findingId: string; state: string }[] }>(
        'GET',
        '/v1/findings?limit=50',
      );
      const open = findings.filter(({ state }) => state === 'open');
      for (let index = 0; index < 6; index += 1) {
        const pair = pairs[index];
        if (pair !== undefined) {
          const { left, right } = pair;
          await scene.api('POST', '/v1/reviews', { left, right, verdict: 'different' });
        }
        const finding = open[index];
        if (finding !== undefined && index < 3) {
          await scene.api('POST', `/v1/findings/${finding.findingId}/accept`, { note: 'Seen' });
        }
        await sleep(1_500);
      }
    },
  },
  writes: { run: applyWrites, alerts: ['KemptWritesFailing'] },
  feedback: {
    run: (scene) => scene.repeat(20, 5, () => scene.api('POST', '/v1/feedback', { kind: 'csat', score: 1 })),
  },
  webhooks: {
    run: (scene) =>
      scene.repeat(5, 12, () =>
        scene.status(`/v1/webhooks/hubspot/${randomUUID()}`, { method: 'POST', body: [{ objectId: 1 }] }),
      ),
  },
  'crm-outage': {
    prelude: (scene) => edit(scene, 2, 15),
    async run(scene) {
      for (const crm of bothCrms) {
        await scene.control('POST', `${crm}/outages`, { kind: 'unavailable', seconds: outageSeconds + 10 });
      }
      await edit(scene, 2, outageSeconds);
      for (const crm of bothCrms) await scene.control('DELETE', `${crm}/outages`);
    },
    alerts: [
      'KemptCrmDown',
      'KemptBreakerOpen',
      'KemptSyncStalled',
      'KemptFreshnessBudgetBurn',
      'KemptObjectFreshnessBudgetBurn',
    ],
  },
  'crm-refusal': {
    async run(scene) {
      await scene.control('POST', 'hubspot/faults', {
        path: '.',
        times: -1,
        effect: { kind: 'named', name: 'invalid-token' },
      });
      await sleep(22_000);
      await scene.control('DELETE', 'hubspot/faults');
    },
    alerts: ['KemptCrmRefuses'],
  },
  quota: {
    async run(scene) {
      const status = await scene.control<{ salesforce: { usage: { used: number; limit: number } } }>('GET', 'status');
      const { used, limit } = status.salesforce.usage;
      // A few are left, so that the end is seen to come.
      await scene.control('POST', 'salesforce/settings', { dailyApiLimit: used + 40 });
      await edit(scene, 2, 18);
      await scene.control('POST', 'salesforce/settings', { dailyApiLimit: limit });
    },
    alerts: ['KemptQuotaExhausted', 'KemptQuotaLow'],
  },
  'missing-records': {
    async run(scene) {
      await scene.sql(`create table if not exists public.taken_out as select * from connector.record where false`);
      await scene.sql(
        `with gone as (
           delete from connector.record where ctid in (
             select ctid from connector.record where object = 'Contact' and not deleted order by record_id desc limit 60)
           returning *)
         insert into public.taken_out select * from gone`,
      );
      await sleep(20_000);
      await scene.sql(`insert into connector.record select * from public.taken_out on conflict do nothing`);
      await scene.sql('drop table public.taken_out');
    },
    alerts: ['KemptCompletenessBudgetBurn'],
  },
  'stalled-consumer': {
    async run(scene) {
      const edits = edit(scene, 3, 30);
      for (let turn = 0; turn < 2; turn += 1) {
        const locked = scene.lock('dedupe.inbox', 7_000);
        await sleep(5_600);
        // As when Postgres ends a session: the chunk fails and comes again.
        await scene.sql(
          `select pg_terminate_backend(pid) from pg_stat_activity
            where application_name = 'kempt-dedupe' and wait_event_type = 'Lock'`,
        );
        await locked;
      }
      // Long enough for the alert; then the chunk that waited comes to its end.
      await scene.lock('dedupe.inbox', 16_000);
      await edits;
    },
    alerts: ['KemptConsumerStalled'],
  },
  'stuck-outbox': {
    async run(scene) {
      const gate = scene.deployment.busGate('metrics');
      await gate.shut();
      await sleep(16_000);
      await gate.open();
    },
    alerts: ['KemptOutboxStuck', 'KemptCanaryLost'],
  },
  'failing-bus': {
    async run(scene) {
      const gates = (['metrics', 'gateway'] as const).map((service) => scene.deployment.busGate(service));
      for (const gate of gates) await gate.shut();
      await sleep(30_000);
      for (const gate of gates) await gate.open();
    },
    alerts: ['KemptEventStreamDisconnected', 'KemptNotReady'],
  },
  'refused-event': {
    async run(scene) {
      for (let turn = 0; turn < 3; turn += 1) {
        await scene.sql(
          `insert into metrics.outbox (tenant_id, id, lane, key_hash, aggregatetype, aggregateid, type, headers, payload)
           select 'default', $1, 'live', 0, 'kempt.metrics.canary-sent.v1', 'default:0', 'kempt.metrics.canary-sent.v1', '{}',
                  decode(repeat('00', 3000000), 'hex')`,
          [randomUUID()],
        );
        await scene.sql(`select pg_notify('metrics_outbox', '')`);
        await sleep(3_000);
      }
      await sleep(3_000);
      await scene.sql(`update metrics.dead_letter set state = 'discarded' where state = 'open'`);
    },
  },
  'dead-letters': {
    async run(scene) {
      const bus = scene.deployment.openBus();
      try {
        for (let index = 0; index < 7; index += 1) {
          await bus.publish([
            {
              topic: 'kempt.connector.record-state.v1',
              key: `default:poison:${index}`,
              headers: { ce_tenantid: 'default' },
              value: Buffer.from('not an event'),
            },
          ]);
          await sleep(300);
        }
      } finally {
        await bus.close();
      }
      await sleep(14_000);
      // As if nobody had looked for half an hour, which stands for 30.
      await scene.sql(
        `update dedupe.dead_letter set first_seen_at = now() - interval '30 minutes' where state = 'open'`,
      );
      await sleep(9_000);
      await discardDeadLetters(scene);
    },
    alerts: ['KemptDeadLetters', 'KemptDeadLettersUnattended', 'KemptCorrectnessBudgetBurn'],
  },
  'failing-handler': {
    async run(scene) {
      await scene.sql(`create function data_quality.refuse() returns trigger language plpgsql
                        as $$ begin raise exception 'refused by the test'; end $$`);
      await scene.sql(`create trigger refuse before insert or update on data_quality.assessed_record
                        for each row execute function data_quality.refuse()`);
      await edit(scene, 3, 8);
      await sleep(30_000);
      await scene.sql('drop trigger refuse on data_quality.assessed_record');
      await scene.sql('drop function data_quality.refuse()');
      await sleep(6_000);
    },
    alerts: ['KemptParkedEvents'],
  },
  'killed-service': {
    async run(scene) {
      const dedupe = scene.deployment.process('dedupe');
      const requests = scene.repeat(12, 26, () => scene.status('/v1/clusters?limit=1'));
      await sleep(5_000);
      await dedupe.kill();
      await sleep(16_000);
      for (let turn = 0; turn < 3; turn += 1) {
        if (turn > 0) await dedupe.kill();
        dedupe.start();
        await dedupe.ready(60_000);
        // Long enough for two scrapes.
        await sleep(2_500);
      }
      await requests;
    },
    alerts: [
      'KemptServiceDown',
      'KemptProbeFailing',
      'KemptAvailabilityBudgetBurn',
      'KemptCanaryBudgetBurn',
      'KemptRestarting',
    ],
  },
  'busy-service': {
    async run(scene) {
      const requests = scene.repeat(40, 12, (index) =>
        scene.status(index % 2 === 0 ? '/openapi.json' : '/v1/records?limit=200'),
      );
      await requests;
      await holdUp(scene, 'gateway', 16_000);
    },
    alerts: ['KemptEventLoopBlocked'],
  },
  'connection-shortage': {
    async run(scene) {
      const locked = scene.lock('dedupe.cluster', 14_000);
      await sleep(300);
      const requests = Promise.all(Array.from({ length: 14 }, () => scene.status('/v1/clusters?limit=1')));
      await locked;
      await requests;
    },
    alerts: ['KemptDatabaseConnectionsShort'],
  },
};

/** Gives a process the processor for a moment at a time, as an overloaded machine does. */
async function holdUp(scene: Scene, service: ServiceName, ms: number): Promise<void> {
  const pid = scene.deployment.process(service).pid();
  if (pid === undefined) throw new Error(`${service} does not run`);
  const deadline = performance.now() + ms;
  try {
    while (performance.now() < deadline) {
      process.kill(pid, 'SIGSTOP');
      await sleep(750);
      process.kill(pid, 'SIGCONT');
      await sleep(150);
    }
  } finally {
    process.kill(pid, 'SIGCONT');
  }
}

async function discardDeadLetters(scene: Scene): Promise<void> {
  for (;;) {
    const { items } = await scene.api<{ items: { id: string }[] }>('GET', '/v1/dead-letters?state=open&limit=50');
    if (items.length === 0) return;
    for (const { id } of items) await scene.api('POST', `/v1/dead-letters/${id}/discard`, { note: 'A test' });
  }
}
