/** How many living records of an object there are, on either side, at about the same moment. */
export interface Counts {
  readonly crm: number;
  readonly mirror: number;
}

/**
 * Follows the counts of one object through several looks. While records come and go, the CRM and the mirror are never
 * counted at the same instant: a count of the CRM that the mirror passed through meanwhile is no difference.
 */
export interface ObjectMeasurement {
  noteMirror(records: number): void;
  noteCrm(records: number): void;
  /** Whether the CRM's last count is one that the mirror had in the course of the measurement. */
  isSettled(): boolean;
  /** The counts to tell. */
  counts(): Counts;
}

export function createObjectMeasurement(): ObjectMeasurement {
  let crm = 0;
  let mirror = 0;
  let lowest = Number.POSITIVE_INFINITY;
  let highest = Number.NEGATIVE_INFINITY;
  const isSettled = (): boolean => crm >= lowest && crm <= highest;
  return {
    noteMirror(records) {
      mirror = records;
      lowest = Math.min(lowest, records);
      highest = Math.max(highest, records);
    },
    noteCrm(records) {
      crm = records;
    },
    isSettled,
    counts: () => ({ crm, mirror: isSettled() ? crm : mirror }),
  };
}

/** 1 when both sides have as many records; less the more one side has that the other lacks. */
export const completenessRatio = ({ crm, mirror }: Counts): number =>
  crm === mirror ? 1 : Math.min(crm, mirror) / Math.max(crm, mirror);
