import { Worker } from 'node:worker_threads';
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

interface ReadyMessage {
  readonly type: 'ready';
  readonly url: string;
}

/**
 * Starts the service and waits until it serves.
 * @throws StandaloneError when it ends before
 */
export async function startServiceThread(
  name: string,
  options: { readonly environment: Readonly<Record<string, string>>; readonly signal: AbortSignal },
): Promise<ServiceThread> {
  const { environment, signal } = options;
  const worker = new Worker(new URL(import.meta.resolve(`@kempt/${name}/main`)), {
    name,
    env: environment,
    // A service that needs more than this is broken, and must not take the others with it.
    resourceLimits: { maxOldGenerationSizeMb: 768 },
  });
  let lastError: unknown;
  let stopping = false;
  worker.on('error', (error) => {
    lastError = error;
  });
  const exited = new Promise<number>((resolve) => {
    worker.once('exit', resolve);
  });
  // A thread that is not wanted any more before it serves has nothing to drain.
  const giveUp = () => void worker.terminate();
  signal.addEventListener('abort', giveUp, { once: true });
  const url = await new Promise<string>((resolve, reject) => {
    worker.on('message', (message: ReadyMessage | { readonly type: string }) => {
      if (message.type === 'ready') resolve((message as ReadyMessage).url);
    });
    void exited.then((code) => {
      reject(
        new StandaloneError('STANDALONE_SERVICE_FAILED', `The service ${name} could not start (${reason(code)}).`, {
          cause: lastError,
        }),
      );
    });
  }).finally(() => signal.removeEventListener('abort', giveUp));
  return {
    name,
    url,
    died: exited.then((code) =>
      stopping ? new Promise<string>(() => {}) : `The service ${name} ended: ${reason(code)}`,
    ),
    async stop(deadlineMs) {
      stopping = true;
      worker.postMessage({ type: 'stop' });
      const timer = setTimeout(() => void worker.terminate(), deadlineMs);
      await exited;
      clearTimeout(timer);
    },
  };

  function reason(code: number): string {
    return lastError instanceof Error ? lastError.message : `exit code ${code}`;
  }
}
