/** One object of an account of a tenant: what is read by one holder at a time. */
export interface SyncTarget {
  readonly tenantId: string;
  readonly account: string;
  readonly object: string;
}

/** A target that this instance may read. The epoch tells its holder from those before and after. */
export interface SyncLease extends SyncTarget {
  readonly epoch: string;
}

/** Another instance has taken over, or the connection was paused or deleted: what was read is dropped, not saved. */
export class LeaseLostError extends Error {
  readonly code = 'lease-lost';
  readonly retriable = false;

  constructor(target: SyncTarget) {
    super(`The lease on ${target.object} of ${target.account} was lost; another instance reads it, or nobody should.`);
    this.name = 'LeaseLostError';
  }
}
