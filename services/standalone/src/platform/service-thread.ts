import { Worker } from 'node:worker_threads';
import type { ServiceMessage, StopMessage } from '@kempt/service-runtime';
import { StandaloneError } from '../errors.ts';

/** A service that runs in a worker thread, by the same main entry that a container starts. */
export interface ServiceThread {
  readonly name: string;
  /** Where the service listens. */
  readonly url: string;
  /** Resolves with the reason when the thread ends without having been asked to. */
  readonly died: Promise<string>;
  /** Asks the service to drain, and ends the thread at the deadline. */
  stop(deadlineMs: number): Promise<void>;
}

export interface ServiceThreadOptions {
  /** The whole environment of the service: nothing of this process's own reaches it. */
  readonly environment: Readonly<Record<string, string>>;
  /** Aborted when nobody wants the service any more while it starts. */
  readonly signal: AbortSignal;
}

/**
 * Starts the service and waits until it serves.
 * @throws StandaloneError when it ends before
 */
export async function startServiceThread(name: string, options: ServiceThreadOptions): Promise<ServiceThread> {
  const { environment, signal } = options;
  const worker = new Worker(new URL(import.meta.resolve(`@kempt/${name}/main`)), {
    name,
    env: environment,
    // A service that needs more than this is broken, and must not take the others with it.
    // A small nursery keeps the footprint of seven threads in bounds.
    resourceLimits: { maxOldGenerationSizeMb: 768, maxYoungGenerationSizeMb: 24 },
  });
  let reason: string | undefined;
  let stopping = false;
  worker.on('error', (error) => {
    reason ??= error instanceof Error ? error.message : String(error);
  });
  const exited = new Promise<string>((resolve) => {
    worker.once('exit', (code) => resolve(reason ?? `exit code ${code}`));
  });

  // A thread that is not wanted any more before it serves has nothing to drain.
  const giveUp = () => void worker.terminate();
  if (signal.aborted) giveUp();
  else signal.addEventListener('abort', giveUp, { once: true });
  const ready = new Promise<string>((resolve) => {
    worker.on('message', (message: ServiceMessage) => {
      if (message.type === 'ready') resolve(message.url);
      if (message.type === 'failed') reason = message.message;
    });
  });
  const failed = exited.then((why) => {
    throw new StandaloneError('STANDALONE_SERVICE_FAILED', `The service ${name} could not start: ${why}`);
  });
  // Once the service serves, its end is told by `died`.
  failed.catch(() => {});
  const url = await Promise.race([ready, failed]).finally(() => signal.removeEventListener('abort', giveUp));

  return {
    name,
    url,
    died: new Promise((resolve) => {
      void exited.then((why) => {
        if (!stopping) resolve(`The service ${name} ended: ${why}`);
      });
    }),
    async stop(deadlineMs) {
      stopping = true;
      worker.postMessage({ type: 'stop' } satisfies StopMessage);
      const timer = setTimeout(() => void worker.terminate(), deadlineMs);
      await exited;
      clearTimeout(timer);
    },
  };
}
