/** A key performance indicator as it stands. */
export interface Kpi {
  readonly kpi: string;
  readonly account?: string;
  readonly title?: string;
  readonly value?: number | null;
  readonly unit: string;
  readonly baseline?: number | null;
  readonly target?: number | null;
  readonly higherIsBetter: boolean;
  readonly measuredAt?: string;
}

/** Whether the target is met; `quiet` while there is nothing to say. */
export function toneOf({ value, target, higherIsBetter }: Kpi): 'good' | 'warn' | 'quiet' {
  if (value == null || target == null) return 'quiet';
  return (higherIsBetter ? value >= target : value <= target) ? 'good' : 'warn';
}
