import { describe, expect, test } from '@jest/globals';
import { customerSatisfaction, dataQuality, processEfficiency, quantile, userAdoption } from './kpi-formulas.ts';

const now = new Date('2026-06-30T12:00:00Z');
const daysAgo = (days: number): Date => new Date(now.getTime() - days * 86_400_000);
const dayOf = (date: Date): string => date.toISOString().slice(0, 10);

describe('KPIs', () => {
  test('data quality weighs scores by records', () => {
    expect(
      dataQuality([
        { score: 100, records: 1 },
        { score: 50, records: 3 },
      ]),
    ).toEqual({ value: 62.5, terms: { records: 4, objects: 2 } });
    expect(dataQuality([]).value).toBeNull();
  });

  test('user adoption counts people who logged in during the last 30 days', () => {
    const people = [
      { lastLoginAt: daysAgo(1) },
      { lastLoginAt: daysAgo(31) },
      { lastLoginAt: null },
      { lastLoginAt: daysAgo(30) },
    ];
    expect(userAdoption(people, now)).toEqual({ value: 0.5, terms: { loggedIn: 2, activePeople: 4 } });
    expect(userAdoption([], now).value).toBeNull();
  });

  test('process efficiency is the median of days, without deals that were closed before they were created or too long ago', () => {
    const deal = (createdDaysAgo: number, closedDaysAgo: number) => ({
      createdAt: daysAgo(createdDaysAgo),
      closedOn: dayOf(daysAgo(closedDaysAgo)),
    });
    const deals = [deal(20, 10), deal(50, 20), deal(25, 5), deal(5, 9), deal(900, 800), deal(9, -3)];
    expect(processEfficiency(deals, now)).toEqual({ value: 20, terms: { deals: 3, p90Days: 28 } });
    expect(processEfficiency([], now).value).toBeNull();
  });

  test('customer satisfaction is the share of fours and fives; loyalty and time to close stand beside it', () => {
    const answers = [5, 4, 3, 1]
      .map((score) => ({ kind: 'CSAT', score }))
      .concat([10, 9, 7, 0].map((score) => ({ kind: 'NPS', score })));
    expect(customerSatisfaction(answers, [10, 2, 4])).toEqual({
      value: 0.5,
      terms: { positiveAnswers: 2, answers: 4, netPromoterScore: 25, medianHoursToCloseCase: 4 },
    });
    expect(customerSatisfaction([{ kind: 'NPS', score: 9 }], [])).toEqual({
      value: null,
      terms: { netPromoterScore: 100 },
    });
  });

  test('quantiles lie between neighbours', () => {
    expect(quantile([1, 2, 3, 4], 0.5)).toBe(2.5);
    expect(quantile([7], 0.9)).toBe(7);
    expect(quantile([], 0.5)).toBeNull();
  });
});
