import { type RowError, SalesforceError } from './salesforce-error.ts';

/** The outcome of one record of a call that writes several. */
export interface RowResult {
  readonly id: string | null;
  readonly success: boolean;
  readonly errors: readonly RowError[];
  /** For an upsert: whether the record is new. */
  readonly created?: boolean;
}

export type RowOutcome = Omit<RowResult, 'success' | 'errors'>;

export interface RowOptions {
  /** Either every row happens or none. */
  readonly allOrNone: boolean;
  readonly atomically: <T>(work: () => T) => T;
}

/** Ends the transaction of a call in which a row failed. */
class RowFailed extends Error {}

const rolledBack: RowError = {
  statusCode: 'ALL_OR_NONE_OPERATION_ROLLED_BACK',
  message: 'Record rolled back because not all records were valid and the request was using AllOrNone header',
  fields: [],
};

function attempt<I>(input: I, work: (input: I) => RowOutcome): RowResult {
  try {
    return { ...work(input), success: true, errors: [] };
  } catch (error) {
    if (!(error instanceof SalesforceError)) throw error;
    return { id: null, success: false, errors: [error.toRowError()] };
  }
}

/** Runs `work` for each input, in order, and reports each on its own. */
export function runRows<I>(inputs: readonly I[], work: (input: I) => RowOutcome, options: RowOptions): RowResult[] {
  let results: RowResult[] = [];
  const run = () => {
    results = inputs.map((input) => attempt(input, work));
    if (options.allOrNone && results.some((result) => !result.success)) throw new RowFailed();
  };
  if (!options.allOrNone) {
    run();
    return results;
  }
  try {
    options.atomically(run);
    return results;
  } catch (error) {
    if (!(error instanceof RowFailed)) throw error;
    return results.map((result) => (result.success ? { id: null, success: false, errors: [rolledBack] } : result));
  }
}
