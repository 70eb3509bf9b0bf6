import type { Database, Transaction } from '@kempt/postgres';
import { type CursorCodec, type HttpServer, tenantOf } from '@kempt/service-runtime';
import { type Static, Type } from 'typebox';
import { unknownKpi } from '../errors.ts';
import { type KpiName, kpiDefinitions, kpiNames } from './kpi.ts';
import {
  type KpiTarget,
  type KpiValue,
  latestValues,
  loadTargets,
  measuredBaselines,
  saveTarget,
  valueHistory,
} from './kpi-store.ts';

const kpiProperties = {
  kpi: Type.Enum([...kpiNames]),
  title: Type.String(),
  account: Type.Optional(Type.String({ description: 'Absent: the whole tenant' })),
  unit: Type.Enum(['score', 'ratio', 'days']),
  higherIsBetter: Type.Boolean(),
  formula: Type.String({ description: 'How the value follows from its terms' }),
  value: Type.Optional(Type.Number({ description: 'Absent while there is nothing to compute it from' })),
  terms: Type.Record(Type.String(), Type.Number()),
  baseline: Type.Optional(Type.Number({ description: 'What it was when Kempt began, or was set to' })),
  target: Type.Number(),
  isOnTarget: Type.Optional(Type.Boolean()),
  measuredAt: Type.Optional(Type.String({ format: 'date-time' })),
};

const KpiSchema = Type.Object(kpiProperties, { title: 'Kpi' });
const KpiListSchema = Type.Object({ items: Type.Array(KpiSchema) }, { title: 'KpiList' });

const KpiHistorySchema = Type.Object(
  {
    ...kpiProperties,
    history: Type.Array(
      Type.Object({
        measuredAt: Type.String({ format: 'date-time' }),
        value: Type.Optional(Type.Number()),
        terms: Type.Record(Type.String(), Type.Number()),
      }),
      { description: 'Newest first' },
    ),
    nextCursor: Type.Optional(Type.String()),
  },
  { title: 'KpiHistory' },
);

export interface KpiRoutesOptions {
  readonly http: HttpServer;
  readonly database: Database;
  readonly cursors: CursorCodec;
  readonly now: () => Date;
}

interface Context {
  readonly targets: ReadonlyMap<string, KpiTarget>;
  readonly baselines: ReadonlyMap<string, number>;
}

async function loadContext(tx: Transaction): Promise<Context> {
  return { targets: await loadTargets(tx), baselines: await measuredBaselines(tx) };
}

function present(
  kpi: KpiName,
  account: string,
  latest: KpiValue | undefined,
  { targets, baselines }: Context,
): Static<typeof KpiSchema> {
  const { title, unit, higherIsBetter, formula, target: usualTarget } = kpiDefinitions[kpi];
  const target = targets.get(kpi)?.target ?? usualTarget;
  const baseline = targets.get(kpi)?.baseline ?? baselines.get(`${kpi} ${account}`);
  const value = latest?.value ?? undefined;
  return {
    kpi,
    title,
    ...(account === '' ? {} : { account }),
    unit,
    higherIsBetter,
    formula,
    terms: { ...latest?.terms },
    target,
    ...(value === undefined ? {} : { value, isOnTarget: higherIsBetter ? value >= target : value <= target }),
    ...(baseline === undefined ? {} : { baseline }),
    ...(latest === undefined ? {} : { measuredAt: latest.measuredAt.toISOString() }),
  };
}

/** What the KPIs came to, what they are wanted to be, and how they went. */
export function registerKpiRoutes({ http, database, cursors, now }: KpiRoutesOptions): void {
  http.get(
    '/v1/kpis',
    {
      config: { scope: 'kpis:read' },
      schema: {
        summary: 'List KPIs',
        description: 'The newest value of every KPI, with formula, terms, baseline and target.',
        response: { 200: KpiListSchema },
      },
    },
    async (request) =>
      database.transaction(
        tenantOf(request),
        async (tx) => {
          const context = await loadContext(tx);
          const latest = await latestValues(tx);
          return {
            items: kpiNames.flatMap((kpi) => {
              const own = latest.filter((value) => value.kpi === kpi);
              const whole = own.find(({ account }) => account === '');
              return [
                present(kpi, '', whole, context),
                ...own
                  .filter(({ account }) => account !== '')
                  .map((value) => present(kpi, value.account, value, context)),
              ];
            }),
          };
        },
        { readOnly: true },
      ),
  );

  http.get(
    '/v1/kpis/:kpi',
    {
      config: { scope: 'kpis:read' },
      schema: {
        summary: 'Show a KPI with its history',
        params: Type.Object({ kpi: Type.String() }),
        querystring: Type.Object({
          account: Type.String({ default: '', description: 'Empty: the whole tenant' }),
          from: Type.Optional(Type.String({ format: 'date-time' })),
          to: Type.Optional(Type.String({ format: 'date-time' })),
          cursor: Type.Optional(Type.String()),
          limit: Type.Integer({ default: 200, minimum: 1, maximum: 2_000 }),
        }),
        response: { 200: KpiHistorySchema },
      },
    },
    async (request) => {
      const tenantId = tenantOf(request);
      const kpi = kpiNames.find((name) => name === request.params.kpi);
      if (kpi === undefined) throw unknownKpi(request.params.kpi);
      const { account, from, to, cursor, limit } = request.query;
      const list = { list: 'kpi-history', tenantId, kpi, account, from, to };
      const before = cursor === undefined ? undefined : Number(cursors.decode(list, cursor)[0]);
      return database.transaction(
        tenantId,
        async (tx) => {
          const found = await valueHistory(tx, {
            kpi,
            account,
            from: from === undefined ? undefined : new Date(from),
            to: to === undefined ? undefined : new Date(to),
            before,
            limit: limit + 1,
          });
          const latest = (await latestValues(tx)).find((value) => value.kpi === kpi && value.account === account);
          const page = found.slice(0, limit);
          const last = page.at(-1);
          return {
            ...present(kpi, account, latest, await loadContext(tx)),
            history: page.map(({ measuredAt, value, terms }) => ({
              measuredAt: measuredAt.toISOString(),
              ...(value === null ? {} : { value }),
              terms: { ...terms },
            })),
            ...(found.length > limit && last !== undefined
              ? { nextCursor: cursors.encode(list, [last.sequence]) }
              : {}),
          };
        },
        { readOnly: true },
      );
    },
  );

  http.put(
    '/v1/kpis/:kpi/target',
    {
      config: { scope: 'kpis:write' },
      schema: {
        summary: 'Set target and baseline of a KPI',
        params: Type.Object({ kpi: Type.String() }),
        body: Type.Object(
          {
            target: Type.Union([Type.Number(), Type.Null()], { description: 'Null: the usual one' }),
            baseline: Type.Optional(
              Type.Union([Type.Number(), Type.Null()], { description: 'Null or absent: the first full measurement' }),
            ),
          },
          { additionalProperties: false },
        ),
        response: { 200: KpiSchema },
      },
    },
    async (request) => {
      const kpi = kpiNames.find((name) => name === request.params.kpi);
      if (kpi === undefined) throw unknownKpi(request.params.kpi);
      const { target, baseline = null } = request.body;
      return database.transaction(tenantOf(request), async (tx) => {
        await saveTarget(tx, {
          kpi,
          target,
          baseline,
          setBy: request.principal?.subject ?? 'unknown',
          setAt: now(),
        });
        const latest = (await latestValues(tx)).find((value) => value.kpi === kpi && value.account === '');
        return present(kpi, '', latest, await loadContext(tx));
      });
    },
  );
}
