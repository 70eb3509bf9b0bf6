import type { Finding } from '../console/app/pages/finding.ts';
import type { Kpi } from '../console/app/pages/kpi.ts';
import type { ProposalDetail } from '../console/app/proposals/proposal.ts';

const account = 'sf:00D1';

function proposal(number: number, state: string): ProposalDetail {
  const master = `${account}:Contact:003A${number}`;
  const loser = `${account}:Contact:003B${number}`;
  const masterFields = {
    FirstName: 'Anna',
    LastName: `Keller${number}`,
    Email: `anna${number}@example.org`,
    Phone: '030 / 12345678',
  };
  const loserFields = {
    FirstName: 'Anna',
    LastName: `Keller${number}`,
    Email: `a.keller${number}@example.org`,
    Phone: '+49 30 12345678',
    Title: 'Head of sales',
  };
  const values = (field: string): readonly unknown[] => [
    (masterFields as Record<string, unknown>)[field] ?? null,
    (loserFields as Record<string, unknown>)[field] ?? null,
  ];
  return {
    proposalId: `0197a000-0000-4000-8000-00000000000${number}`,
    state,
    version: 1,
    entityKind: 'person',
    goldenId: `0197a000-0000-4000-9000-00000000000${number}`,
    account,
    object: 'Contact',
    master,
    losers: [loser],
    probability: 0.9987,
    reason: 'The master has the most filled fields.',
    ...(state === 'held' && { guard: 'frozen' }),
    choices: [{ field: 'Title', value: 'Head of sales', from: loser }],
    members: [
      { record: master, role: 'master', modifiedAt: '2026-05-01T10:00:00.000Z', fields: masterFields },
      { record: loser, role: 'loser', modifiedAt: '2026-04-01T10:00:00.000Z', fields: loserFields },
    ],
    fields: ['Email', 'FirstName', 'LastName', 'Phone', 'Title'].map((field) => ({
      field,
      values: values(field),
      survivor: field === 'Title' ? 'Head of sales' : values(field)[0],
      from: field === 'Title' ? loser : master,
      policy: field === 'Title' ? 'filled' : 'master',
      differs: field === 'Email' || field === 'Phone',
    })),
    explanations: [
      {
        left: master,
        right: loser,
        weight: 9.6,
        probability: 0.9987,
        prior: -11.2,
        rows: [
          {
            column: 'name',
            level: 'exact',
            left: 'Anna Keller',
            right: 'Anna Keller',
            weight: 9.1,
            termFrequencyWeight: 1.4,
          },
          {
            column: 'email',
            level: 'same domain',
            left: 'anna@',
            right: 'a.keller@',
            weight: 2.2,
            termFrequencyWeight: 0,
          },
          {
            column: 'phone',
            level: 'exact',
            left: '+493012345678',
            right: '+493012345678',
            weight: 9.3,
            termFrequencyWeight: 0,
          },
          {
            column: 'address',
            level: 'different',
            left: 'Berlin',
            right: 'Bonn',
            weight: -1.2,
            termFrequencyWeight: 0,
          },
        ],
      },
    ],
  };
}

export const proposals: readonly ProposalDetail[] = [
  proposal(1, 'open'),
  proposal(2, 'open'),
  proposal(3, 'open'),
  proposal(4, 'held'),
];

const dimensions = [
  { dimension: 'completeness', score: 91.2, weight: 0.4, checked: 100, failed: 9 },
  { dimension: 'validity', score: 84, weight: 0.3, checked: 100, failed: 16 },
  { dimension: 'uniqueness', score: 97.5, weight: 0.3, checked: 100, failed: 2 },
];

export const scores = [
  { account, object: 'Contact', score: 88.4, records: 8_400, openIssues: 911, dimensions },
  { account: 'hs:77', object: 'contacts', score: 93.1, records: 3_100, openIssues: 120, dimensions },
];

export function scoreDetail(ofAccount: string, object: string) {
  return {
    account: ofAccount,
    object,
    score: 88.4,
    records: 8_400,
    openIssues: 911,
    dimensions,
    losses: [
      {
        ruleId: 'phone-valid',
        dimension: 'validity',
        checked: 8_000,
        failed: 700,
        points: 4.2,
        message: 'The phone number is not valid.',
      },
    ],
    owners: [{ ownerId: '005A', score: 71.3, failed: 90, checked: 400 }],
  };
}

export const findings: readonly Finding[] = [
  {
    findingId: 'f1',
    state: 'open',
    severity: 'high',
    ruleId: 'user-never-logged-in',
    account,
    subjectKind: 'user',
    subjectName: 'Integration user',
    title: 'A user with the power to modify all data never logged in',
    evidence: { 'created-at': '2024-02-01', powers: 'modify-all-data' },
    remedy: 'Deactivate the user, or take the power away.',
  },
];

export const integrations = [
  {
    id: 'a1',
    kind: 'connected-app',
    account,
    name: 'Mail sync',
    status: 'active',
    calls: 12_400,
    lastUsedAt: '2026-05-03T10:00:00.000Z',
  },
];

export const users = [
  {
    account,
    userId: '005A',
    name: 'Maria Brandt',
    active: true,
    roles: ['Sales user'],
    powers: [],
    lastLoginAt: '2026-05-03T10:00:00.000Z',
  },
];

export const kpis: readonly Kpi[] = [
  {
    kpi: 'data-quality',
    title: 'Data quality',
    value: 89.7,
    unit: 'score',
    baseline: 81,
    target: 90,
    higherIsBetter: true,
    measuredAt: '2026-05-12T10:00:00.000Z',
  },
  {
    kpi: 'crm-uptime',
    title: 'Uptime of the CRMs',
    value: 0.9994,
    unit: 'ratio',
    target: 0.999,
    higherIsBetter: true,
    measuredAt: '2026-05-12T10:00:00.000Z',
  },
  { kpi: 'process-efficiency', title: 'Days to win a deal', unit: 'days', target: 60, higherIsBetter: false },
];

export function kpiDetail(name: string) {
  return {
    ...(kpis.find(({ kpi }) => kpi === name) ?? kpis[0]),
    formula: 'Mean of the newest scores of all objects, weighted by their records.',
    terms: { records: 11_500, objects: 4 },
    history: Array.from({ length: 10 }, (_, index) => ({
      measuredAt: new Date(Date.UTC(2026, 4, 12 - index)).toISOString(),
      value: 89.7 - index * 0.8,
    })),
  };
}
