import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const patchedVersion = '2.2.4';
/** How soon kafkajs looks again when requests wait for others to be answered. */
const checkIntervalMs = 10;

/** The part of kafkajs' request queue that is replaced; there is one such queue for each connection. */
export interface RequestQueue {
  readonly pending: readonly unknown[];
  readonly throttledUntil: number;
  throttleCheckTimeoutId: NodeJS.Timeout | null;
  checkPendingRequests(): void;
  scheduleCheckPendingRequests(): void;
}

export const requestQueueClass = require('kafkajs/src/network/requestQueue/index.js') as {
  readonly prototype: RequestQueue;
  new (options: Readonly<Record<string, unknown>>): RequestQueue;
};

/**
 * kafkajs sets a timer after every answer to look for waiting requests, also when there are none, with a delay computed
 * from a throttle time that is usually not set: a negative number. So an idle connection runs a timer each millisecond
 * for ever, and Node 24 warns about the number. This replaces that one method: no waiting request, no timer. A request
 * that has to wait later sets the timer itself.
 */
export function patchRequestQueue(): void {
  const { version } = require('kafkajs/package.json') as { readonly version: string };
  if (version !== patchedVersion) {
    throw new Error(
      `The request queue of kafkajs ${patchedVersion} is patched, but ${version} is installed: read its requestQueue/index.js, then adapt or remove this patch.`,
    );
  }
  requestQueueClass.prototype.scheduleCheckPendingRequests = scheduleOnlyWhatWaits;
}

function scheduleOnlyWhatWaits(this: RequestQueue): void {
  if (this.pending.length === 0 || this.throttleCheckTimeoutId !== null) return;
  const throttledForMs = this.throttledUntil - Date.now();
  this.throttleCheckTimeoutId = setTimeout(
    () => {
      this.throttleCheckTimeoutId = null;
      this.checkPendingRequests();
    },
    throttledForMs > 0 ? throttledForMs : checkIntervalMs,
  );
}
