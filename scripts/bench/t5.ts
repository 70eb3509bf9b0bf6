import { createPopulation } from '../../packages/crm-simulators/src/population/population.ts';
import { createMatcher, decisionThreshold, reasonFor, resolve, trainModel } from '../../packages/entity-resolution/src/index.ts';
import { type CrmPopulation, crmPersons } from './entity-resolution-crm.ts';
const contacts = 50000; const half = contacts / 2;
const sizes = { contacts: half, companies: Math.round(half / 10), deals: 0, activities: 0, users: 5, cases: 0, tickets: 0, feedback: 0 };
const population = createPopulation({ seed: process.argv[2] ?? 'truth-1', realData: false, sizes });
const set = crmPersons(population as unknown as CrmPopulation);
const model = await trainModel(set.rows, set.schema);
const { clusters } = await resolve(set.rows, model, { threshold: decisionThreshold(model) });
const clusterOf = new Map(clusters.flatMap((m, i) => m.map((id) => [id, i] as const)));
const m = createMatcher(model); const byId = new Map(set.rows.map((r) => [r.id, r]));
const stat = new Map<string, number>(); const add = (k: string) => stat.set(k, (stat.get(k) ?? 0) + 1);
let all = 0, missed = 0; const shown: string[] = []; const sizesT = new Map<number, [number, number]>();
for (const ids of Map.groupBy(set.truth.keys(), (id) => set.truth.get(id)!).values()) {
  for (let i = 0; i < ids.length; i++) for (let j = i + 1; j < ids.length; j++) {
    all++; const sz = sizesT.get(ids.length) ?? [0, 0]; sizesT.set(ids.length, sz); sz[0]++;
    if (clusterOf.get(ids[i]!) === clusterOf.get(ids[j]!)) continue;
    missed++; sz[1]++;
    const [a, b] = [byId.get(ids[i]!)!, byId.get(ids[j]!)!];
    const [na, nb] = [m.normalise(a), m.normalise(b)];
    const r = reasonFor(m, na, nb);
    const lv = (c: string) => r.explanation.rows.find((x) => x.column.startsWith(c))?.level ?? '-';
    add(`outcome ${r.outcome} cand ${r.isCandidate}`);
    add(`  ${r.outcome}/${r.isCandidate}: email ${lv('email')} | phone ${lv('phone')} | given ${lv('given')} | family ${lv('family')}`);
    if (missed % 300 === 7) shown.push(JSON.stringify([a.fields, b.fields]) + '\n   ' + r.summary + '\n  ' + r.explanation.rows.map((x) => `${x.column}:${x.level}:${x.weight.toFixed(1)}+${x.termFrequencyWeight.toFixed(1)}`).join(' | ') + ` prior ${r.explanation.prior.toFixed(1)}`);
  }
}
console.log('pairs', all, 'missed', missed, [...sizesT].sort((a, b) => a[0] - b[0]).slice(0, 20).map(([k, v]) => `${k}:${v[1]}/${v[0]}`).join(' '));
for (const [k, v] of [...stat].sort((a, b) => b[1] - a[1]).slice(0, 40)) console.log(v, k);
console.log(shown.slice(0, 14).join('\n\n'));
