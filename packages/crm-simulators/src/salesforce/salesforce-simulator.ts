import { join } from 'node:path';
import { createClock, type SimulatorClock } from '../clock.ts';
import { createFaultPlan, type FaultPlan } from '../http/fault-plan.ts';
import { type SimulatorReply, type SimulatorRequest, startHttpServer } from '../http/http-server.ts';
import type { Outages } from '../http/outages.ts';
import { createRandom } from '../random.ts';
import { type Journal, noJournal, openJournal } from '../records/journal.ts';
import { type LoadStream, readLoad } from '../records/load-stream.ts';
import { readReferenceTime } from '../records/reference-time.ts';
import { createWriteLog, type WriteLog } from '../records/write-log.ts';
import { createApiUsage } from './api-usage.ts';
import { restAuthor } from './call-author.ts';
import { createDuplicateRules, type DuplicateRules } from './duplicate-rules.ts';
import { createEventLog } from './event-log.ts';
import { createQueryCursors } from './query-cursors.ts';
import { createRecordChanges, type SalesforceRecordChanges } from './record-changes.ts';
import { formatRecordId } from './record-id.ts';
import { replayChange, type SalesforceJournalEntry } from './record-journal.ts';
import { createRestRoutes } from './rest-routes.ts';
import { createRowFaults, type RowFaults } from './row-faults.ts';
import { createSalesforceAuth, type SalesforceAuth, type SalesforceCredentials } from './salesforce-auth.ts';
import { SalesforceError } from './salesforce-error.ts';
import { namedSalesforceFault } from './salesforce-faults.ts';
import {
  applySalesforceLoad,
  completeSalesforceLoad,
  type SalesforceLoad,
  type SeededUsage,
} from './salesforce-load.ts';
import { createSalesforceStore, type SalesforceStore } from './salesforce-store.ts';
import { createSoapApi } from './soap-api.ts';
import { createStandardObjects } from './standard-objects.ts';

export interface SalesforceSimulatorOptions {
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** The name by which clients reach it, where it listens on every address. Default: `host`. */
  readonly publicHost?: string | undefined;
  /** Default 0: any free port. */
  readonly port?: number;
  /** The records to begin with. Default: only the organisation and the connected user. */
  readonly load?: SalesforceLoad | LoadStream<SalesforceLoad>;
  readonly clock?: SimulatorClock;
  /** Folder in which changes are kept, so that a restarted simulator finds them. Default: nothing is kept. */
  readonly dataFolder?: string;
  readonly credentials?: Partial<SalesforceCredentials>;
  /** Default two hours. */
  readonly sessionLifetimeMs?: number;
  /** Refresh tokens are exchanged on use. Default off. */
  readonly refreshTokenRotation?: boolean;
  /** Calls allowed in 24 hours. Default 100,000. */
  readonly dailyApiLimit?: number;
  /** How long a query locator lives. Default two days. */
  readonly locatorLifetimeMs?: number;
}

export interface SalesforceSimulator {
  readonly url: string;
  readonly orgId: string;
  readonly userId: string;
  readonly credentials: SalesforceCredentials;
  readonly clock: SimulatorClock;
  /** What the relative times of the load count back from. */
  readonly referenceTime: Date;
  /** Changes records as a user of the CRM would. */
  readonly records: SalesforceRecordChanges;
  readonly store: SalesforceStore;
  readonly auth: SalesforceAuth;
  readonly faults: FaultPlan;
  /** Makes the CRM unreachable, broken or slow. */
  readonly outages: Outages;
  /** Faults of single records, whichever call writes them. */
  readonly rowFaults: RowFaults;
  /** None is active to begin with. */
  readonly duplicateRules: DuplicateRules;
  readonly writeLog: WriteLog;
  /** API calls that counted against the limit in the last 24 hours. */
  apiUsage(): { readonly used: number; readonly limit: number };
  setDailyApiLimit(limit: number): void;
  /** Makes every open query locator invalid. */
  expireLocators(): void;
  /** Deletions before this time are no longer listed. */
  trimDeletionsBefore(time: Date): void;
  requestCount(): number;
  /** Puts the clock forward; the new time outlives a restart when changes are kept. */
  advanceClock(byMs: number): void;
  stop(): Promise<void>;
}

/** The id of the simulated org. */
export const salesforceOrgId = formatRecordId('00D', 1);
/** The user the API client runs as. */
export const salesforceUserId = formatRecordId('005', 1);

const defaultCredentials: SalesforceCredentials = {
  clientId: '3MVG9simulatedConsumerKey.KemptConnector',
  clientSecret: 'simulated-consumer-secret',
  username: 'integration@fernhill-demo.example',
  refreshToken: '5Aep861SimulatedRefreshToken',
};

const jsonType = 'application/json;charset=UTF-8';

/** Partner and enterprise endpoints, with or without the org's id behind the version. */
const isSoapPath = (path: string): boolean => /^\/services\/Soap\/[uc]\/\d+\.\d(?:\/|$)/.test(path);

export async function startSalesforceSimulator(options: SalesforceSimulatorOptions = {}): Promise<SalesforceSimulator> {
  const clock = options.clock ?? createClock();
  const store = createSalesforceStore(createStandardObjects());
  const load: SalesforceLoad | LoadStream<SalesforceLoad> = options.load ?? { name: 'empty', objects: [] };
  const referenceMs = readReferenceTime(clock.now(), options.dataFolder);
  const context = { userId: salesforceUserId, referenceMs };
  const seededUsage: SeededUsage[] = [];
  await readLoad(load, (part) => {
    applySalesforceLoad(store, part, context);
    seededUsage.push(...(part.usage ?? []));
  });
  completeSalesforceLoad(store, { ...context, orgId: salesforceOrgId });
  const writeLog = createWriteLog();
  const replay = (entry: SalesforceJournalEntry): void => {
    if ('clockOffsetMs' in entry) clock.advance(Math.max(0, entry.clockOffsetMs - clock.offsetMs()));
    else if ('write' in entry) writeLog.add({ ...entry.write, time: new Date(entry.write.time) });
    else replayChange(store, entry);
  };
  const journal: Journal<SalesforceJournalEntry> =
    options.dataFolder === undefined
      ? noJournal
      : openJournal(join(options.dataFolder, 'salesforce.jsonl'), load.name, replay);
  const random = createRandom(`salesforce/${clock.now()}`);
  const faults = createFaultPlan();
  const rowFaults = createRowFaults();
  const duplicateRules = createDuplicateRules(store);
  const credentials = { ...defaultCredentials, ...options.credentials };
  const usage = createApiUsage(clock, options.dailyApiLimit ?? 100_000);
  const cursors = createQueryCursors({
    clock,
    random,
    lifetimeMs: options.locatorLifetimeMs ?? 172_800_000,
    capacity: 200,
  });
  const changes = createRecordChanges({
    store,
    clock,
    journal,
    writeLog,
    rowFaults,
    duplicateRules,
    defaultUserId: salesforceUserId,
  });
  let url = '';
  let earliestDeletionMs: number | null = null;
  const auth = createSalesforceAuth({
    credentials,
    orgId: salesforceOrgId,
    userId: salesforceUserId,
    clock,
    random,
    sessionLifetimeMs: options.sessionLifetimeMs ?? 7_200_000,
    url: () => url,
    rotation: options.refreshTokenRotation ?? false,
  });
  const eventLog = createEventLog({
    store,
    clock,
    seeded: seededUsage,
    orgId: salesforceOrgId,
    userId: salesforceUserId,
  });
  const routes = createRestRoutes({
    eventLog,
    store,
    changes,
    cursors,
    usage,
    clock,
    earliestDeletionMs: () => earliestDeletionMs ?? clock.now() - 15 * 86_400_000,
  });

  const soap = createSoapApi({ store, changes, auth, usage, clock, orgId: salesforceOrgId });

  const limitHeaders = () => ({ 'Sforce-Limit-Info': `api-usage=${usage.used()}/${usage.limit}` });
  const json = (status: number, body: unknown, extra: Record<string, string> = {}): SimulatorReply => ({
    status,
    headers: { 'Content-Type': jsonType, ...extra },
    body: JSON.stringify(body),
  });

  const identity = (): unknown => ({
    sub: `${url}/id/${salesforceOrgId}/${salesforceUserId}`,
    id: `${url}/id/${salesforceOrgId}/${salesforceUserId}`,
    user_id: salesforceUserId,
    organization_id: salesforceOrgId,
    preferred_username: credentials.username,
    username: credentials.username,
    email: credentials.username,
    zoneinfo: 'Etc/UTC',
    active: true,
    user_type: 'STANDARD',
    is_salesforce_integration_user: true,
    urls: {
      enterprise: `${url}/services/Soap/c/{version}/${salesforceOrgId.slice(0, 15)}`,
      metadata: `${url}/services/Soap/m/{version}/${salesforceOrgId.slice(0, 15)}`,
      partner: `${url}/services/Soap/u/{version}/${salesforceOrgId.slice(0, 15)}`,
      rest: `${url}/services/data/v{version}/`,
      sobjects: `${url}/services/data/v{version}/sobjects/`,
      query: `${url}/services/data/v{version}/query/`,
    },
  });

  const handleData = (request: SimulatorRequest, version: string, path: string): SimulatorReply => {
    const session = auth.authenticate(request);
    usage.count();
    eventLog.count({
      userId: session.userId,
      application: restAuthor(session, request.headers).application ?? '',
      method: request.method,
      resource: `/${version}/${path.split('/')[1] ?? ''}`,
    });
    const found = routes.find(request.method, path);
    if (!('handler' in found)) {
      if (found.methods.length > 0) {
        throw new SalesforceError(
          405,
          'METHOD_NOT_ALLOWED',
          `HTTP Method '${request.method}' not allowed. Allowed are ${found.methods.join(',')}`,
        );
      }
      throw new SalesforceError(404, 'NOT_FOUND', 'The requested resource does not exist');
    }
    const answer = found.handler({ request, params: found.params, version, session });
    if ('text' in answer) {
      const headers = { 'Content-Type': answer.contentType, ...limitHeaders() };
      return { status: answer.status, headers, body: answer.text };
    }
    if (answer.json === undefined) return { status: answer.status, headers: limitHeaders() };
    const isRoot = path === '';
    const body = isRoot
      ? { ...(answer.json as object), identity: `${url}/id/${salesforceOrgId}/${salesforceUserId}` }
      : answer.json;
    return json(answer.status, body, limitHeaders());
  };

  const handle = (request: SimulatorRequest): SimulatorReply => {
    const { path } = request;
    if (path === '/services/oauth2/token' && request.method === 'POST') return auth.token(request);
    if (path === '/services/oauth2/revoke') return auth.revoke(request);
    if (path === '/services/oauth2/userinfo' || path === `/id/${salesforceOrgId}/${salesforceUserId}`) {
      auth.authenticate(request);
      return json(200, identity());
    }
    if (path === '/services/data') {
      const versions = Array.from({ length: 37 }, (_, index) => 31 + index);
      return json(
        200,
        versions.map((version) => ({
          label: `Release ${version}`,
          url: `/services/data/v${version}.0`,
          version: `${version}.0`,
        })),
      );
    }
    const data = /^\/services\/data\/(v\d+\.\d)(.*)$/.exec(path);
    if (data !== null) return handleData(request, data[1] as string, data[2] as string);
    if (isSoapPath(path) && request.method === 'POST') return soap(request);
    throw new SalesforceError(404, 'NOT_FOUND', 'The requested resource does not exist');
  };

  const server = await startHttpServer({
    host: options.host ?? '127.0.0.1',
    publicHost: options.publicHost,
    port: options.port ?? 0,
    faults,
    handle,
    namedFault: (name, request) => namedSalesforceFault(name, limitHeaders(), isSoapPath(request.path)),
    onError(error) {
      if (error instanceof SalesforceError) {
        return { status: error.status, headers: { 'Content-Type': jsonType, ...limitHeaders() }, body: error.toBody() };
      }
      const message = `An unexpected error occurred. Please include this ErrorId if you contact support: ${random.integer(100_000_000, 999_999_999)}-1 (${String(error)})`;
      return json(500, [{ message, errorCode: 'UNKNOWN_EXCEPTION' }], limitHeaders());
    },
  });
  url = server.url;

  return {
    url,
    orgId: salesforceOrgId,
    userId: salesforceUserId,
    credentials,
    clock,
    referenceTime: new Date(referenceMs),
    records: changes,
    store,
    auth,
    faults,
    outages: server.outages,
    rowFaults,
    duplicateRules,
    writeLog,
    apiUsage: () => ({ used: usage.used(), limit: usage.limit }),
    setDailyApiLimit: (limit) => usage.setLimit(limit),
    expireLocators: () => cursors.expireAll(),
    trimDeletionsBefore(time) {
      earliestDeletionMs = time.getTime();
    },
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
