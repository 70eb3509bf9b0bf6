import type { Database } from '@kempt/postgres';
import { type HttpServer, tenantOf } from '@kempt/service-runtime';
import { type Static, Type } from 'typebox';
import { unknownRule, unknownStandard } from '../errors.ts';
import type { Rule } from './rule.ts';
import { RuleBodySchema, RuleListSchema, RuleSchema } from './rule-schemas.ts';
import { deleteRule, loadRules, saveRule } from './rule-store.ts';

export interface RuleRoutesOptions {
  readonly http: HttpServer;
  readonly database: Database;
  readonly standardIds: ReadonlySet<string>;
  /** Called when rules changed and records are to be judged again. */
  readonly onChanged: () => void;
}

const params = Type.Object({
  id: Type.String({ pattern: '^[a-z][a-z0-9-]{0,62}$', description: 'Kebab case, at most 63 characters' }),
});

/** The rules that hold for the caller's tenant. */
export function registerRuleRoutes({ http, database, standardIds, onChanged }: RuleRoutesOptions): void {
  http.get(
    '/v1/data-quality/rules',
    {
      config: { scope: 'quality:read' },
      schema: {
        summary: 'List rules',
        description: 'The rules that records are judged by: defaults, and what was changed about them.',
        response: { 200: RuleListSchema },
      },
    },
    async (request) => {
      const set = await database.transaction(tenantOf(request), loadRules, { readOnly: true });
      return { version: set.version, items: set.rules.map(presentRule) };
    },
  );

  http.put(
    '/v1/data-quality/rules/:id',
    {
      config: { scope: 'quality:write' },
      schema: {
        summary: 'Change or add a rule',
        description: 'Records are judged again in the background; issues open and close accordingly.',
        params,
        body: RuleBodySchema,
        response: { 200: RuleSchema },
      },
    },
    async (request) => {
      const { id } = request.params;
      const { check } = request.body;
      if (check.kind === 'standard' && !standardIds.has(check.standardId)) throw unknownStandard(check.standardId);
      const rule = { id, ...request.body };
      await database.transaction(tenantOf(request), (tx) => saveRule(tx, rule));
      onChanged();
      return presentRule(rule);
    },
  );

  http.delete(
    '/v1/data-quality/rules/:id',
    {
      config: { scope: 'quality:write' },
      schema: {
        summary: 'Take back a change of a rule',
        description: 'The default holds again. A rule that was added goes, and its issues close.',
        params,
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      if (!(await database.transaction(tenantOf(request), (tx) => deleteRule(tx, id)))) throw unknownRule(id);
      onChanged();
      return reply.code(204).send(null);
    },
  );
}

function presentRule({ objects, check, ...rest }: Rule): Static<typeof RuleSchema> {
  return {
    ...rest,
    check: check.kind === 'filled' ? { ...check, anyOf: [...check.anyOf] } : { ...check },
    ...(objects === undefined ? {} : { objects: [...objects] }),
  };
}
