import { describe, expect, test } from '@jest/globals';
import { type AuditTruth, auditTruth } from '@kempt/crm-simulators/truth';
import { compareFindings, expectedFindings } from './finding-scoring.ts';

const [sf, hs] = ['sf:00D1', 'hs:1'];
const referenceTime = new Date('2026-03-01T12:00:00Z');
const after = (days: number) => ({ referenceTime, now: new Date(referenceTime.getTime() + days * 86_400_000 + 1) });

const user = (account: string, userId: string, rest: Partial<AuditTruth['users'][number]>) => ({
  account,
  userId,
  email: `${userId}@example.com`,
  isActive: true,
  lastLoginDaysAgo: null,
  adminPermissions: [],
  doesAdminWork: false,
  findings: [],
  ...rest,
});

const app = (name: string, rest: Partial<AuditTruth['integrations'][number]>) => ({
  account: sf,
  name,
  kind: 'app' as const,
  userId: null,
  lastUsedDaysAgo: 0,
  callsPerDay: 10,
  isUnused: false,
  isOwnerUnknown: false,
  ...rest,
});

const change = (action: string, daysAgo: number, isRisky: boolean) => ({
  account: sf,
  action,
  section: '',
  display: '',
  userId: 'u1',
  daysAgo,
  isRisky,
  isFinding: isRisky && daysAgo < 30,
});

const truth: AuditTruth = {
  users: [
    user(sf, 'never', { findings: ['never-logged-in'] }),
    user(hs, 'never', { findings: ['never-logged-in'] }),
    user(sf, 'away', { lastLoginDaysAgo: 95, findings: ['dormant', 'over-privileged'] }),
    user(sf, 'rare', { lastLoginDaysAgo: 85 }),
    user(sf, 'left', { lastLoginDaysAgo: 300, isActive: false }),
  ],
  integrations: [
    app('Used', {}),
    app('Idle', { lastUsedDaysAgo: 97, callsPerDay: 0, isUnused: true }),
    app('Nearly idle', { lastUsedDaysAgo: 84, callsPerDay: 0 }),
    app('Orphan', { isOwnerUnknown: true }),
    app('script', { kind: 'client', isOwnerUnknown: true }),
  ],
  setupChanges: [change('A', 28, true), change('A', 28, true), change('A', 40, true), change('B', 2, false)],
};

const names = (days: number) =>
  expectedFindings(truth, after(days)).map(({ account, ruleId, subject }) => `${account} ${ruleId} ${subject}`);

describe('expected findings', () => {
  test('follow from the truth; whether somebody never came to HubSpot cannot be told there', () => {
    expect(names(0)).toEqual([
      'sf:00D1 user-never-logged-in never',
      'hs:1 user-dormant never',
      'sf:00D1 user-dormant away',
      'sf:00D1 user-over-privileged away',
      'sf:00D1 integration-unused Idle',
      'sf:00D1 integration-owner-inactive Orphan',
      'sf:00D1 integration-unregistered script',
      'sf:00D1 setup-change-risky A by u1',
      'sf:00D1 setup-change-risky A by u1',
    ]);
  });

  test('become more and fewer as days go by', () => {
    const grown = new Set(names(6));
    expect(grown.has('sf:00D1 user-dormant rare')).toBe(true);
    expect(grown.has('sf:00D1 integration-unused Nearly idle')).toBe(true);
    expect(grown.has('sf:00D1 integration-unused Used')).toBe(false);
    expect(grown.has('sf:00D1 setup-change-risky A by u1')).toBe(false);
  });

  test('of the default load are of every scored rule', () => {
    const rules = new Set(expectedFindings(auditTruth({ realData: false }), after(0)).map(({ ruleId }) => ruleId));
    expect([...rules].sort()).toEqual([
      'integration-owner-inactive',
      'integration-unregistered',
      'integration-unused',
      'setup-change-risky',
      'user-dormant',
      'user-never-logged-in',
      'user-over-privileged',
    ]);
  });
});

describe('the comparison', () => {
  const expected = expectedFindings(truth, after(0));

  test('names what is missing and what is too much, each as often', () => {
    expect(compareFindings(expected, expected)).toEqual({ expected: 9, right: 9, missing: [], extra: [] });
    const found = [...expected.slice(0, -1), { account: sf, ruleId: 'user-dormant', subject: 'u9' }];
    expect(compareFindings(expected, found)).toEqual({
      expected: 9,
      right: 8,
      missing: ['sf:00D1 setup-change-risky A by u1'],
      extra: ['sf:00D1 user-dormant u9'],
    });
  });

  test('leaves out rules about which the truth says nothing', () => {
    const busy = { account: sf, ruleId: 'integration-busy', subject: 'Used' };
    expect(compareFindings(expected, [...expected, busy]).extra).toEqual([]);
  });
});
