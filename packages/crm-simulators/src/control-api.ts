import type { SimulatorClock } from './clock.ts';
import { createFaultPlan, type Fault } from './http/fault-plan.ts';
import { type HttpServer, type SimulatorReply, type SimulatorRequest, startHttpServer } from './http/http-server.ts';
import type { OutageRequest } from './http/outages.ts';
import { createRouter } from './http/router.ts';
import { HubSpotError } from './hubspot/hubspot-error.ts';
import type { HubSpotSimulator } from './hubspot/hubspot-simulator.ts';
import type { PropertyInputs } from './hubspot/property-input.ts';
import type { WriteLogFilter } from './records/write-log.ts';
import type { RowFault } from './salesforce/row-faults.ts';
import { SalesforceError } from './salesforce/salesforce-error.ts';
import type { SalesforceSimulator } from './salesforce/salesforce-simulator.ts';

export interface ControlApiOptions {
  readonly host: string;
  readonly publicHost?: string | undefined;
  readonly port: number;
  readonly clock: SimulatorClock;
  readonly salesforce: SalesforceSimulator;
  readonly hubspot: HubSpotSimulator;
}

interface ControlCall {
  readonly request: SimulatorRequest;
  readonly params: Readonly<Record<string, string>>;
}

type ControlHandler = (call: ControlCall) => unknown;

/** How many records of an object there are. */
interface RecordCounts {
  readonly live: number;
  readonly deleted: number;
}

/** One CRM as the control API sees it. */
interface ControlledCrm {
  counts(): Record<string, RecordCounts>;
  records(object: string): Iterable<Readonly<Record<string, unknown>>>;
  read(object: string, id: string): unknown;
  create(object: string, fields: Record<string, unknown>): string;
  update(object: string, id: string, fields: Record<string, unknown>): void;
  delete(object: string, id: string): void;
  undelete(object: string, id: string): void;
  merge(object: string, winnerId: string, loserIds: readonly string[]): unknown;
  settings(settings: Record<string, unknown>): void;
  readonly simulator: SalesforceSimulator | HubSpotSimulator;
}

const listOf = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : []);

function controlSalesforce(simulator: SalesforceSimulator): ControlledCrm {
  const { store, records } = simulator;
  return {
    simulator,
    counts() {
      const counts: Record<string, RecordCounts> = {};
      for (const object of store.allObjects()) {
        const all = store.table(object).inIdOrder();
        const deleted = all.filter((record) => store.isDeleted(object, record)).length;
        counts[object.name] = { live: all.length - deleted, deleted };
      }
      return counts;
    },
    *records(name) {
      const object = store.object(name);
      if (object === undefined) throw new SalesforceError(404, 'NOT_FOUND', `There is no object ${name}.`);
      for (const record of store.table(object).inIdOrder()) yield records.read(name, record.id) ?? {};
    },
    read: (object, id) => records.read(object, id),
    create: (object, fields) => records.create(object, fields),
    update: (object, id, fields) => records.update(object, id, fields),
    delete: (object, id) => records.delete(object, id),
    undelete: (object, id) => records.undelete(object, id),
    merge: (object, winnerId, loserIds) => ({ id: winnerId, moved: records.merge(object, winnerId, loserIds) }),
    settings(settings) {
      if (typeof settings.dailyApiLimit === 'number') simulator.setDailyApiLimit(settings.dailyApiLimit);
      if (settings.expireSessions === true) simulator.auth.expireSessions();
      if (settings.expireLocators === true) simulator.expireLocators();
      if (typeof settings.refreshTokenRotation === 'boolean') simulator.auth.setRotation(settings.refreshTokenRotation);
      if (typeof settings.trimDeletionsBefore === 'string')
        simulator.trimDeletionsBefore(new Date(settings.trimDeletionsBefore));
      if (typeof settings.certificate === 'string') simulator.auth.registerCertificate(settings.certificate);
      if (settings.showAll === true) store.permissions.showAll();
      for (const name of listOf(settings.readOnlyObjects)) store.permissions.makeReadOnly(name);
      for (const recordId of listOf(settings.readOnlyRecords)) store.permissions.makeRecordReadOnly(recordId);
      if (Array.isArray(settings.duplicateRules))
        simulator.duplicateRules.activate(settings.duplicateRules.map(String));
      for (const name of listOf(settings.hideObjects)) store.permissions.hideObject(name);
      for (const name of listOf(settings.hideFields)) {
        const [object = '', field = ''] = name.split('.');
        store.permissions.hideField(object, field);
      }
    },
  };
}

function controlHubSpot(simulator: HubSpotSimulator): ControlledCrm {
  const { store, records } = simulator;
  return {
    simulator,
    counts() {
      const counts: Record<string, RecordCounts> = {};
      for (const object of store.objects) {
        const all = store.table(object).inIdOrder();
        const deleted = all.filter((record) => record.archivedAt !== null).length;
        counts[object.name] = { live: all.length - deleted, deleted };
      }
      return counts;
    },
    *records(name) {
      const object = store.object(name);
      for (const record of store.table(object).inIdOrder()) {
        yield { id: record.id, archived: record.archivedAt !== null, ...records.read(name, record.id) };
      }
    },
    read: (object, id) => records.read(object, id),
    create: (object, fields) => records.create(object, fields as PropertyInputs),
    update: (object, id, fields) => records.update(object, id, fields as PropertyInputs),
    delete: (object, id) => records.archive(object, id),
    undelete: (object, id) => records.restore(object, id),
    merge(object, winnerId, loserIds) {
      let id = winnerId;
      for (const loserId of loserIds) id = records.merge(object, id, loserId);
      return { id };
    },
    settings(settings) {
      if (typeof settings.limits === 'object' && settings.limits !== null) simulator.setLimits(settings.limits);
      if (typeof settings.searchLagMs === 'number') simulator.setSearchLag(settings.searchLagMs);
      if (Array.isArray(settings.scopes)) simulator.auth.setScopes(settings.scopes.map(String));
      if (settings.expireTokens === true) simulator.auth.expireTokens();
    },
  };
}

const jsonReply = (status: number, body: unknown): SimulatorReply => ({
  status,
  headers: { 'Content-Type': 'application/json' },
  body: JSON.stringify(body),
});

function bodyOf(call: ControlCall): Record<string, unknown> {
  const text = call.request.text();
  return text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
}

/** Which writes a call asks for: `?after=&object=&recordId=&action=&by=&limit=`. */
function writeFilter(call: ControlCall): WriteLogFilter {
  const { query } = call.request;
  const text = (name: 'object' | 'recordId' | 'action' | 'by') => {
    const value = query.get(name);
    return value === null ? {} : { [name]: value };
  };
  const number = (name: 'after' | 'limit') => {
    const value = query.get(name);
    return value === null ? {} : { [name]: Number(value) };
  };
  return {
    ...text('object'),
    ...text('recordId'),
    ...text('action'),
    ...text('by'),
    ...number('after'),
    ...number('limit'),
  };
}

/** Serves `/__control/...`: what tests and demonstrations do to the CRMs behind their clients' backs. */
export async function startControlApi(options: ControlApiOptions): Promise<HttpServer> {
  const crms: Readonly<Record<string, ControlledCrm>> = {
    salesforce: controlSalesforce(options.salesforce),
    hubspot: controlHubSpot(options.hubspot),
  };
  const crmOf = (call: ControlCall): ControlledCrm => {
    const crm = crms[call.params.crm ?? ''];
    if (crm === undefined) throw new RangeError(`There is no CRM ${call.params.crm}: use salesforce or hubspot.`);
    return crm;
  };
  const router = createRouter<ControlHandler>();
  const object = (call: ControlCall) => call.params.object ?? '';
  const id = (call: ControlCall) => call.params.id ?? '';

  router.add('GET', '/__control/status', () => ({
    now: new Date(options.clock.now()).toISOString(),
    clockOffsetMs: options.clock.offsetMs(),
    referenceTime: options.salesforce.referenceTime.toISOString(),
    salesforce: {
      requests: options.salesforce.requestCount(),
      writes: options.salesforce.writeLog.count(),
      usage: options.salesforce.apiUsage(),
      tokens: options.salesforce.auth.issuedTokens(),
    },
    hubspot: {
      requests: options.hubspot.requestCount(),
      writes: options.hubspot.writeLog.count(),
      usage: options.hubspot.apiUsage(),
      tokens: options.hubspot.auth.issuedTokens(),
    },
  }));
  router.add('POST', '/__control/clock', (call) => {
    const advanceMs = Number(bodyOf(call).advanceMs);
    // Both simulators share one clock; the second call only notes the new time in its own journal.
    options.salesforce.advanceClock(advanceMs);
    options.hubspot.advanceClock(0);
    return { now: new Date(options.clock.now()).toISOString() };
  });
  router.add('GET', '/__control/:crm/counts', (call) => crmOf(call).counts());
  router.add('GET', '/__control/:crm/records/:object', (call) => [...crmOf(call).records(object(call))]);
  router.add('GET', '/__control/:crm/records/:object/:id', (call) => crmOf(call).read(object(call), id(call)) ?? null);
  router.add('POST', '/__control/:crm/records/:object', (call) => ({
    id: crmOf(call).create(object(call), bodyOf(call)),
  }));
  router.add('PATCH', '/__control/:crm/records/:object/:id', (call) => {
    crmOf(call).update(object(call), id(call), bodyOf(call));
    return { id: id(call) };
  });
  router.add('DELETE', '/__control/:crm/records/:object/:id', (call) => {
    crmOf(call).delete(object(call), id(call));
    return { id: id(call) };
  });
  router.add('POST', '/__control/:crm/records/:object/:id/undelete', (call) => {
    crmOf(call).undelete(object(call), id(call));
    return { id: id(call) };
  });
  router.add('POST', '/__control/:crm/records/:object/:id/merge', (call) => {
    const { loserIds } = bodyOf(call);
    return crmOf(call).merge(object(call), id(call), (Array.isArray(loserIds) ? loserIds : []).map(String));
  });
  router.add('POST', '/__control/hubspot/records/:object/:id/:action', (call) => {
    const to = bodyOf(call) as unknown as { object: string; id: string; typeId?: number };
    const { records } = options.hubspot;
    if (call.params.action === 'associate') records.associate(object(call), id(call), to);
    else if (call.params.action === 'dissociate') records.dissociate(object(call), id(call), to);
    else throw new RangeError(`There is no action ${call.params.action}: use associate or dissociate.`);
    return { id: id(call) };
  });
  router.add('GET', '/__control/:crm/faults', (call) => crmOf(call).simulator.faults.list());
  router.add('POST', '/__control/:crm/faults', (call) => ({
    id: crmOf(call).simulator.faults.inject(bodyOf(call) as unknown as Fault),
  }));
  router.add('DELETE', '/__control/:crm/faults', (call) => {
    crmOf(call).simulator.faults.clear();
    return {};
  });
  router.add('DELETE', '/__control/:crm/faults/:id', (call) => ({
    removed: crmOf(call).simulator.faults.remove(Number(id(call))),
  }));
  router.add('GET', '/__control/:crm/outages', (call) => crmOf(call).simulator.outages.history());
  router.add('POST', '/__control/:crm/outages', async (call) => {
    await crmOf(call).simulator.outages.start(bodyOf(call) as unknown as OutageRequest);
    return crmOf(call).simulator.outages.current();
  });
  router.add('DELETE', '/__control/:crm/outages', async (call) => {
    await crmOf(call).simulator.outages.end();
    return {};
  });
  router.add('GET', '/__control/:crm/writes', (call) => crmOf(call).simulator.writeLog.entries(writeFilter(call)));
  router.add('GET', '/__control/:crm/writes/counts', (call) => {
    const least = Number(call.request.query.get('least') ?? 1);
    const counts = crmOf(call).simulator.writeLog.counts(writeFilter(call));
    return counts.filter((each) => each.count >= least);
  });
  router.add('GET', '/__control/salesforce/row-faults', () => options.salesforce.rowFaults.list());
  router.add('POST', '/__control/salesforce/row-faults', (call) => ({
    id: options.salesforce.rowFaults.inject(bodyOf(call) as unknown as RowFault),
  }));
  router.add('DELETE', '/__control/salesforce/row-faults', () => {
    options.salesforce.rowFaults.clear();
    return {};
  });
  router.add('POST', '/__control/:crm/settings', (call) => {
    crmOf(call).settings(bodyOf(call));
    return {};
  });

  return startHttpServer({
    host: options.host,
    publicHost: options.publicHost,
    port: options.port,
    faults: createFaultPlan(),
    async handle(request) {
      const found = router.find(request.method, request.path);
      if (!('handler' in found)) return jsonReply(404, { error: `There is no ${request.method} ${request.path}.` });
      return jsonReply(200, await found.handler({ request, params: found.params }));
    },
    namedFault: () => jsonReply(500, {}),
    onError(error) {
      const status = error instanceof SalesforceError || error instanceof HubSpotError ? error.status : 400;
      return jsonReply(status, { error: error instanceof Error ? error.message : String(error) });
    },
  });
}
