/** One thing that is wrong with the configuration. */
export interface ConfigProblem {
  /** Name of the setting as the operator wrote it: `KEMPT_HTTP_PORT`, or `http.port in kempt.yaml`. */
  readonly key: string;
  /** What was there. Never the value of a secret. */
  readonly found: string;
  readonly expected: string;
  readonly remedy: string;
}

/** Thrown with every problem of the configuration at once, so that one try shows them all. */
export class ConfigError extends Error {
  readonly code = 'configuration';
  readonly retriable = false;
  readonly problems: readonly ConfigProblem[];

  constructor(service: string, problems: readonly ConfigProblem[]) {
    const count = problems.length === 1 ? 'one problem' : `${problems.length} problems`;
    const lines = problems.map(
      ({ key, found, expected, remedy }) => `- ${key}: found ${found}; expected ${expected}. ${remedy}`,
    );
    super([`The configuration of ${service} has ${count}:`, ...lines].join('\n'));
    this.name = 'ConfigError';
    this.problems = problems;
  }
}
