import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Explanation } from './explanation.ts';
import { probabilityOf } from './model.ts';
import { waterfallSvg } from './waterfall.ts';

const example: Explanation = {
  prior: -9.5,
  rows: [
    { column: 'given name', level: 'nickname', left: 'bob', right: 'robert', weight: 4.25, termFrequencyWeight: -0.5 },
    { column: 'family name', level: 'same', left: 'stenford', right: 'stenford', weight: 7, termFrequencyWeight: 2.5 },
    {
      column: 'email',
      level: 'different',
      left: 'bob@a.example',
      right: 'rs@b.example',
      weight: -2.75,
      termFrequencyWeight: 0,
    },
    { column: 'phone', level: 'no evidence', left: null, right: '+14152201987', weight: 0, termFrequencyWeight: 0 },
    { column: 'date', level: 'same', left: '19700203', right: '19700203', weight: 8, termFrequencyWeight: 0 },
    {
      column: 'care',
      level: 'errors that come together',
      left: null,
      right: null,
      weight: 0.75,
      termFrequencyWeight: 0,
    },
  ],
  weight: 9.75,
  probability: probabilityOf(9.75),
};

const explanations = fc
  .record({
    prior: fc.integer({ min: -400, max: 10 }).map((value) => value / 16),
    rows: fc.array(
      fc.record({
        column: fc.string({ unit: 'binary', maxLength: 80 }),
        level: fc.string({ unit: 'binary', maxLength: 80 }),
        left: fc.option(fc.string({ unit: 'binary', maxLength: 80 })),
        right: fc.option(fc.string({ unit: 'binary', maxLength: 80 })),
        weight: fc.integer({ min: -4_200, max: 600 }).map((value) => value / 16),
        termFrequencyWeight: fc.integer({ min: -96, max: 400 }).map((value) => value / 16),
      }),
      { maxLength: 12 },
    ),
  })
  .map(({ prior, rows }): Explanation => {
    const weight = rows.reduce((sum, row) => sum + row.weight + row.termFrequencyWeight, prior);
    return { prior, rows, weight, probability: probabilityOf(weight) };
  });

describe('the waterfall', () => {
  test('of a known explanation is the picture that was looked at', () => {
    const picture = waterfallSvg(example, { left: 'crm 17', right: 'shop 4', threshold: 2 / 3 });
    expect(picture).toBe(readFileSync(new URL('waterfall.golden.svg', import.meta.url), 'utf8'));
  });

  test('tells screen readers what it shows', () => {
    const picture = waterfallSvg(example, { left: 'crm 17', right: 'shop 4', threshold: 2 / 3 });
    expect(picture).toContain('role="img"');
    expect(picture).toContain('<title>crm 17 and shop 4: match weight +9.75 bits, probability 99.88 %</title>');
    expect(picture).toMatch(/<desc>In bits: prior .*; family name \(same: stenford\) \+9\.50; .*Together \+9\.75\./);
  });

  test('shows every comparison that moves the weight with what it adds, and names those without evidence', () => {
    const picture = waterfallSvg(example);
    for (const shown of ['−9.50', '+3.75', '+9.50', '−2.75', '+8.00', '+0.75', '+9.75'])
      expect(picture).toContain(`>${shown}<`);
    expect(picture).toContain('No evidence: phone');
  });

  test('is well-formed, bounded in size and inside its frame, whatever the values', () => {
    fc.assert(
      fc.property(explanations, fc.string({ unit: 'binary' }), (explanation, name) => {
        const picture = waterfallSvg(explanation, { left: name, right: '<script>', threshold: 0.9 });
        expect(picture.isWellFormed()).toBe(true);
        expect(picture).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202a-\u202e\u2066-\u2069]/);
        expect(
          picture.replace(
            /<\/?(svg|title|desc|rect|text|line)( [a-z-]+[a-zA-Z0-9]*="[^"<>]*"| xmlns="[^"]*"| viewBox="[^"]*")*\/?>/g,
            '',
          ),
        ).not.toMatch(/[<>]/);
        expect(picture.length).toBeLessThan(40_000);
        for (const [, x, width] of picture.matchAll(/<rect x="(-?[\d.]+)" y="-?[\d.]+" width="([\d.]+)"/g)) {
          expect(Number(x)).toBeGreaterThanOrEqual(0);
          expect(Number(x) + Number(width)).toBeLessThanOrEqual(901);
        }
        expect(picture).not.toContain('NaN');
      }),
      { seed: 5, numRuns: 300 },
    );
  });
});
