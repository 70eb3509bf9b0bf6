/**
 * A part of a service that has a life: it is started once, in order, and stopped once, in reverse order.
 */
export interface Component {
  /** In logs, in `/readyz` and as the label of `kempt_component_ready`. */
  readonly name: string;
  /** Resolves when the component works. A rejection stops what was started before it and ends the service. */
  start(): Promise<void>;
  /** Finishes the work at hand and lets go of everything. Called at most once, also when `start` rejected half-way. */
  stop(): Promise<void>;
  /** Rejects with the reason while the component cannot do its work. Asked by readiness, so it must be cheap. */
  ready?(): Promise<void>;
}
