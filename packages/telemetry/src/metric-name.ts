export type MetricKind = 'counter' | 'gauge' | 'histogram';

/** Thrown when a metric breaks the naming rule. It is a mistake in code, so it shows at start and in every test. */
export class MetricNameError extends Error {
  readonly code = 'metric-name';
  readonly retriable = false;

  constructor(metric: string, problem: string) {
    super(`Metric ${metric}: ${problem}`);
    this.name = 'MetricNameError';
  }
}

const wrongUnits: ReadonlyMap<string, string> = new Map([
  ['ms', 'seconds'],
  ['millis', 'seconds'],
  ['milliseconds', 'seconds'],
  ['minutes', 'seconds'],
  ['hours', 'seconds'],
  ['days', 'seconds'],
  ['kb', 'bytes'],
  ['kilobytes', 'bytes'],
  ['mb', 'bytes'],
  ['megabytes', 'bytes'],
  ['percent', 'ratio'],
  ['percentage', 'ratio'],
]);

/** Labels that would give every record or person a time series of its own. */
const unboundedLabels = new Set([
  'record_id',
  'recordid',
  'event_id',
  'email',
  'phone',
  'token',
  'url',
  'key',
  'cursor',
]);

/**
 * Holds a metric against `kempt_<noun>_<unit>[_total]`: snake case, base units, `_total` on counters and only there, a
 * help text, bounded labels. Throws `MetricNameError`.
 */
export function checkMetric(metric: {
  readonly kind: MetricKind;
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
}): void {
  const { kind, name, help, labels } = metric;
  if (!/^kempt_[a-z][a-z0-9]*(_[a-z0-9]+)*$/.test(name)) {
    throw new MetricNameError(name, 'the name must be snake case and begin with kempt_.');
  }
  if (kind === 'counter' && !name.endsWith('_total')) {
    throw new MetricNameError(name, `a counter ends with _total: ${name}_total.`);
  }
  if (kind !== 'counter' && name.endsWith('_total')) {
    throw new MetricNameError(name, `only counters end with _total; this is a ${kind}.`);
  }
  for (const word of name.split('_')) {
    const unit = wrongUnits.get(word);
    if (unit !== undefined) throw new MetricNameError(name, `use the base unit ${unit} instead of ${word}.`);
  }
  if (kind === 'histogram' && !/_(seconds|bytes|ratio|rows|records|events|attempts|requests)$/.test(name)) {
    throw new MetricNameError(name, 'a histogram ends with its unit, for example _seconds, _bytes or _records.');
  }
  if (help.trim() === '') throw new MetricNameError(name, 'it needs a help text that says what is counted.');
  for (const label of labels) {
    if (!/^[a-z][a-z0-9_]*$/.test(label)) throw new MetricNameError(name, `label ${label} must be snake case.`);
    if (unboundedLabels.has(label)) throw new MetricNameError(name, `label ${label} has no bound on its values.`);
  }
}
