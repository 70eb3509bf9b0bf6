import type { Transaction } from '@kempt/postgres';
import { defaultRules } from './default-rules.ts';
import type { Rule } from './rule.ts';

/** The rules that hold for a tenant. */
export interface RuleSet {
  /** Rises with every change, beginning with 1. */
  readonly version: number;
  /** Ordered by id. */
  readonly rules: readonly Rule[];
}

/** Defaults, replaced and joined by the tenant's own. */
export async function loadRules(tx: Transaction): Promise<RuleSet> {
  const [set] = await tx.query<{ version: number }>(`select version from rule_set where tenant_id = $1`, [tx.tenantId]);
  const own = await tx.query<{ rule_id: string; rule: Rule }>(
    `select rule_id, rule from quality_rule where tenant_id = $1`,
    [tx.tenantId],
  );
  const byId = new Map(defaultRules.map((rule) => [rule.id, rule]));
  for (const row of own) byId.set(row.rule_id, row.rule);
  return { version: set?.version ?? 1, rules: [...byId.values()].sort((a, b) => (a.id < b.id ? -1 : 1)) };
}

/** Makes the tenant known to the sweep. */
export async function ensureRuleSet(tx: Transaction): Promise<void> {
  await tx.execute(`insert into rule_set (tenant_id) values ($1) on conflict (tenant_id) do nothing`, [tx.tenantId]);
}

async function raiseVersion(tx: Transaction): Promise<void> {
  await tx.execute(
    `insert into rule_set as s (tenant_id, version) values ($1, 2)
     on conflict (tenant_id) do update set version = s.version + 1`,
    [tx.tenantId],
  );
}

/** Puts a rule in the place of the one with its id, or adds it. Records are judged again in the background. */
export async function saveRule(tx: Transaction, rule: Rule): Promise<void> {
  await raiseVersion(tx);
  await tx.execute(
    `insert into quality_rule (tenant_id, rule_id, rule) values ($1, $2, $3)
     on conflict (tenant_id, rule_id) do update set rule = excluded.rule`,
    [tx.tenantId, rule.id, JSON.stringify(rule)],
  );
}

/** Takes the tenant's own rule away, so that the default holds again if there is one. False when there was none. */
export async function deleteRule(tx: Transaction, ruleId: string): Promise<boolean> {
  const deleted = await tx.execute(`delete from quality_rule where tenant_id = $1 and rule_id = $2`, [
    tx.tenantId,
    ruleId,
  ]);
  if (deleted > 0) await raiseVersion(tx);
  return deleted > 0;
}

/** Every tenant of which records are known. In a system transaction. */
export async function listTenants(tx: Transaction): Promise<string[]> {
  const rows = await tx.query<{ tenant_id: string }>(`select tenant_id from rule_set order by tenant_id`);
  return rows.map(({ tenant_id }) => tenant_id);
}
