/** One event of a tenant's stream, as it is stored and sent. */
export interface StreamEvent {
  /** Position in the tenant's stream: begins with 1 and has no gaps. */
  readonly id: number;
  readonly topic: string;
  readonly subject: string;
  readonly time: Date;
  /** JSON. */
  readonly data: string;
}
