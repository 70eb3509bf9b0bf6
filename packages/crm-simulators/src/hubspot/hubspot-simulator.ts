import { join } from 'node:path';
import { createClock, type SimulatorClock } from '../clock.ts';
import { createFaultPlan, type FaultPlan } from '../http/fault-plan.ts';
import { type SimulatorReply, type SimulatorRequest, startHttpServer } from '../http/http-server.ts';
import type { Outages } from '../http/outages.ts';
import { createRouter } from '../http/router.ts';
import { createRandom } from '../random.ts';
import { type Journal, noJournal, openJournal } from '../records/journal.ts';
import { type LoadStream, readLoad } from '../records/load-stream.ts';
import { readReferenceTime } from '../records/reference-time.ts';
import { createWriteLog, type WriteLog } from '../records/write-log.ts';
import { addAccountRoutes } from './account-routes.ts';
import { addAssociationRoutes } from './association-routes.ts';
import { addAuditRoutes } from './audit-routes.ts';
import type { HubSpotHandler } from './call.ts';
import { createHubSpotAudit, type HubSpotAuditLoad } from './hubspot-audit.ts';
import { createHubSpotAuth, type HubSpotAuth, type HubSpotCredentials } from './hubspot-auth.ts';
import { HubSpotError, validationError } from './hubspot-error.ts';
import { namedHubSpotFault } from './hubspot-faults.ts';
import { applyHubSpotLoad, type HubSpotLoad } from './hubspot-load.ts';
import { createHubSpotStore, type HubSpotStore } from './hubspot-store.ts';
import { addObjectRoutes } from './object-routes.ts';
import { createRateLimits, type HubSpotLimits, professionalLimits } from './rate-limits.ts';
import { createHubSpotRecordChanges, type HubSpotRecordChanges } from './record-changes.ts';
import { type HubSpotJournalEntry, replayHubSpotChange } from './record-journal.ts';
import { createSearchIndex } from './search-index.ts';
import { createHubSpotObjects } from './standard-objects.ts';

export interface HubSpotSimulatorOptions {
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** The name by which clients reach it, where it listens on every address. Default: `host`. */
  readonly publicHost?: string | undefined;
  /** Default 0: any free port. */
  readonly port?: number;
  /** The records to begin with. Default: none. */
  readonly load?: HubSpotLoad | LoadStream<HubSpotLoad>;
  readonly clock?: SimulatorClock;
  /** Folder in which changes are kept, so that a restarted simulator finds them. Default: nothing is kept. */
  readonly dataFolder?: string;
  readonly credentials?: Partial<HubSpotCredentials>;
  /** Lifetime of OAuth access tokens. Default 30 minutes. */
  readonly tokenLifetimeMs?: number;
  /** Scopes of the app. Default: everything the simulator serves. */
  readonly scopes?: readonly string[];
  /** Default: those of a portal of the Professional tier. */
  readonly limits?: Partial<HubSpotLimits>;
  /** How far search is behind. Default three seconds. */
  readonly searchLagMs?: number;
  /** Refuses search bodies of more than 3,000 characters. Default true. */
  readonly isSearchBodyLimited?: boolean;
}

export interface HubSpotSimulator {
  readonly url: string;
  readonly portalId: number;
  readonly credentials: HubSpotCredentials;
  readonly clock: SimulatorClock;
  /** What the relative times of the load count back from. */
  readonly referenceTime: Date;
  /** Changes records as a user of the CRM would. */
  readonly records: HubSpotRecordChanges;
  readonly store: HubSpotStore;
  readonly auth: HubSpotAuth;
  readonly faults: FaultPlan;
  /** Makes the CRM unreachable, broken or slow. */
  readonly outages: Outages;
  readonly writeLog: WriteLog;
  /** Ordinary calls today, and calls refused by policy since the start. */
  apiUsage(): { readonly usedToday: number; readonly refused: Readonly<Record<string, number>> };
  setLimits(limits: Partial<HubSpotLimits>): void;
  setSearchLag(lagMs: number): void;
  requestCount(): number;
  /** Puts the clock forward; the new time outlives a restart when changes are kept. */
  advanceClock(byMs: number): void;
  stop(): Promise<void>;
}

/** The id of the simulated portal. */
export const hubSpotPortalId = 62_515_317;

const appId = 4_711_001;
const appUserId = 9001;

const defaultCredentials: HubSpotCredentials = {
  privateAppToken: 'pat-na1-00000000-5117-4a1e-8e0d-simulated0001',
  clientId: '5f0c7a3e-51aa-4b1f-9c55-simulated0001',
  clientSecret: 'simulated-client-secret',
  refreshToken: 'na1-simulated-refresh-token',
};

/** The scopes that everything the simulator serves needs. */
export const hubSpotScopes: readonly string[] = [
  'oauth',
  'tickets',
  ...['contacts', 'companies', 'deals'].flatMap((name) => [`crm.objects.${name}.read`, `crm.objects.${name}.write`]),
  'crm.objects.owners.read',
  'crm.objects.feedback_submissions.read',
  'account-info.security.read',
  'settings.users.read',
  'crm.schemas.contacts.read',
  'crm.schemas.companies.read',
  'crm.schemas.deals.read',
];

const jsonType = 'application/json;charset=utf-8';

/** Takes the version out of a path, wherever the vendor puts it. */
function splitVersion(path: string): { path: string; version: string } {
  const match = /^\/(crm|crm-object-schemas|account-info|settings)(\/[a-z-]+)?\/(v\d+|\d{4}-\d{2})(\/.*)?$/.exec(path);
  if (match === null) return { path, version: '' };
  return { path: `/${match[1]}${match[2] ?? ''}${match[4] ?? ''}`, version: match[3] as string };
}

export async function startHubSpotSimulator(options: HubSpotSimulatorOptions = {}): Promise<HubSpotSimulator> {
  const clock = options.clock ?? createClock();
  const store = createHubSpotStore(createHubSpotObjects());
  const load: HubSpotLoad | LoadStream<HubSpotLoad> = options.load ?? { name: 'empty', objects: [] };
  const referenceMs = readReferenceTime(clock.now(), options.dataFolder);
  let auditLoad: HubSpotAuditLoad | undefined;
  await readLoad(load, (part) => {
    applyHubSpotLoad(store, part, referenceMs);
    auditLoad ??= part.audit;
  });
  const writeLog = createWriteLog();
  const replay = (entry: HubSpotJournalEntry): void => {
    if ('clockOffsetMs' in entry) clock.advance(Math.max(0, entry.clockOffsetMs - clock.offsetMs()));
    else if ('write' in entry) writeLog.add({ ...entry.write, time: new Date(entry.write.time) });
    else replayHubSpotChange(store, entry);
  };
  const journal: Journal<HubSpotJournalEntry> =
    options.dataFolder === undefined
      ? noJournal
      : openJournal(join(options.dataFolder, 'hubspot.jsonl'), load.name, replay);
  const random = createRandom(`hubspot/${clock.now()}`);
  const faults = createFaultPlan();
  const credentials = { ...defaultCredentials, ...options.credentials };
  let limitValues: HubSpotLimits = { ...professionalLimits, ...options.limits };
  const limits = createRateLimits({ clock, random, limits: limitValues });
  const search = createSearchIndex(clock, options.searchLagMs ?? 3000);
  const changes = createHubSpotRecordChanges({ store, search, clock, journal, writeLog });
  const auth = createHubSpotAuth({
    credentials,
    portalId: hubSpotPortalId,
    userId: appUserId,
    appId,
    clock,
    random,
    tokenLifetimeMs: options.tokenLifetimeMs ?? 1_800_000,
    scopes: options.scopes ?? hubSpotScopes,
  });

  const router = createRouter<HubSpotHandler>();
  addAssociationRoutes(router, { store, changes, clock });
  addObjectRoutes(router, {
    store,
    changes,
    search,
    clock,
    portalId: hubSpotPortalId,
    isSearchBodyLimited: options.isSearchBodyLimited ?? true,
  });
  addAuditRoutes(router, createHubSpotAudit(auditLoad, referenceMs));
  addAccountRoutes(router, { store, clock, limits, portalId: hubSpotPortalId, dailyLimit: () => limitValues.daily });

  const fail = (error: HubSpotError, extra: Readonly<Record<string, string>> = {}): SimulatorReply => ({
    status: error.status,
    headers: { 'Content-Type': jsonType, ...extra },
    body: error.toBody(random.uuid()),
  });

  const handle = (request: SimulatorRequest): SimulatorReply => {
    if (/^\/oauth\/(?:v1|v3|2026-03)\/token$/.test(request.path) && request.method === 'POST')
      return auth.token(request);
    const info = /^\/oauth\/v1\/(access|refresh)-tokens\/(.+)$/.exec(request.path);
    if (info !== null && request.method === 'GET') {
      const token = decodeURIComponent(info[2] as string);
      return info[1] === 'access' ? auth.accessTokenInfo(token) : auth.refreshTokenInfo(token);
    }
    const session = auth.authenticate(request);
    const { path, version } = splitVersion(request.path);
    const isSearch = request.method === 'POST' && path.endsWith('/search');
    const refusal = isSearch ? limits.takeSearch() : limits.take();
    if (refusal !== null) return refusal;
    const extra = isSearch ? {} : limits.headers();
    try {
      const found = router.find(request.method, path);
      if (!('handler' in found)) {
        if (found.methods.length > 0) throw new HubSpotError(405, 'METHOD_NOT_ALLOWED', 'HTTP 405 Method Not Allowed');
        throw new HubSpotError(404, 'OBJECT_NOT_FOUND', 'Not Found');
      }
      const answer = found.handler({ request, params: found.params, version, session, auth });
      if (answer.json === undefined) return { status: answer.status, headers: extra };
      return {
        status: answer.status,
        headers: { 'Content-Type': jsonType, ...extra },
        body: JSON.stringify(answer.json),
      };
    } catch (error) {
      if (error instanceof HubSpotError) return fail(error, extra);
      throw error;
    }
  };

  const server = await startHttpServer({
    host: options.host ?? '127.0.0.1',
    publicHost: options.publicHost,
    port: options.port ?? 0,
    faults,
    handle,
    namedFault: (name) => namedHubSpotFault(name, random),
    onError(error) {
      if (error instanceof HubSpotError) return fail(error);
      if (error instanceof SyntaxError) return fail(validationError(`Invalid input JSON: ${error.message}`));
      return fail(new HubSpotError(500, 'INTERNAL_ERROR', `internal error: ${String(error)}`));
    },
  });

  return {
    url: server.url,
    portalId: hubSpotPortalId,
    credentials,
    clock,
    referenceTime: new Date(referenceMs),
    records: changes,
    store,
    auth,
    faults,
    outages: server.outages,
    writeLog,
    apiUsage: () => ({ usedToday: limits.usedToday(), refused: limits.refused() }),
    setLimits(change) {
      limitValues = { ...limitValues, ...change };
      limits.set(change);
    },
    setSearchLag: (lagMs) => search.setLag(lagMs),
    requestCount: () => server.requestCount(),
    advanceClock(byMs) {
      clock.advance(byMs);
      journal.append({ clockOffsetMs: clock.offsetMs() });
    },
    async stop() {
      await server.stop();
      journal.close();
    },
  };
}
