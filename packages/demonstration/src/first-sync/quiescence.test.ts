import { describe, expect, test } from '@jest/globals';
import { sumOf } from './quiescence.ts';

const text = `# HELP kempt_outbox_rows Rows.
# TYPE kempt_outbox_rows gauge
kempt_outbox_rows{service="a",lane="bulk"} 2
kempt_outbox_rows{service="a",lane="live"} 3
kempt_outbox_rows_other 7
kempt_up 1
`;

describe('sum of a metric', () => {
  test('adds up every series of the metric and no other', () => {
    expect(sumOf(text, 'kempt_outbox_rows')).toBe(5);
  });

  test('a metric without labels counts, one that is absent is 0', () => {
    expect(sumOf(text, 'kempt_up')).toBe(1);
    expect(sumOf(text, 'kempt_missing')).toBe(0);
  });
});
