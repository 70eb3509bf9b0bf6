import { isMainThread, type MessagePort, parentPort } from 'node:worker_threads';
import type { Environment } from './config-source.ts';

/** What a service is started in: a process of its own, or a worker thread of a process with other services. */
export interface ServiceHost {
  readonly environment: Environment;
  /** The main file. */
  readonly entry: string | undefined;
  readonly args: readonly string[];
  /** `stop` is called at the first request to stop, `force` at the second. */
  onStop(stop: (reason: string) => void, force: (reason: string) => void): void;
  /** Says that the service serves. */
  ready(url: string): void;
  /** Says why the service ends, in one clear text. */
  failed(message: string): void;
  /** Ends the process or the thread. */
  end(exitCode: number): void;
}

/** Messages that a worker thread takes. */
export interface StopMessage {
  readonly type: 'stop';
}

/** Messages that a worker thread posts. */
export type ServiceMessage =
  | { readonly type: 'ready'; readonly service: string; readonly url: string }
  | { readonly type: 'failed'; readonly service: string; readonly message: string }
  | { readonly type: 'stopped'; readonly service: string };

/** The host of this thread. */
export function currentHost(service: string): ServiceHost {
  return isMainThread || parentPort === null ? processHost() : workerHost(service, parentPort);
}

function processHost(): ServiceHost {
  return {
    environment: process.env,
    entry: process.argv[1],
    args: process.argv.slice(2),
    onStop(stop, force) {
      let asked = false;
      const onSignal = (signal: NodeJS.Signals): void => {
        if (asked) return force(signal);
        asked = true;
        stop(signal);
      };
      process.on('SIGTERM', onSignal);
      process.on('SIGINT', onSignal);
    },
    ready: () => undefined,
    failed: (message) => void process.stderr.write(`${message}\n`),
    // Whatever still holds the process open has had its deadline.
    end: (exitCode) => process.exit(exitCode),
  };
}

function workerHost(service: string, port: MessagePort): ServiceHost {
  const post = (message: ServiceMessage): void => port.postMessage(message);
  return {
    environment: process.env,
    entry: process.argv[1],
    args: process.argv.slice(2),
    onStop(stop, force) {
      let asked = false;
      port.on('message', (message: Partial<StopMessage> | null) => {
        if (message?.type !== 'stop') return;
        if (asked) return force('stop');
        asked = true;
        stop('stop');
      });
    },
    ready: (url) => post({ type: 'ready', service, url }),
    failed: (message) => post({ type: 'failed', service, message }),
    end(exitCode) {
      if (exitCode === 0) post({ type: 'stopped', service });
      process.exitCode = exitCode;
      port.close();
      // The thread ends by itself when nothing is left to do, and so loses none of its log lines. What keeps it alive
      // past this time has had its deadline.
      setTimeout(() => process.exit(exitCode), 1_000).unref();
    },
  };
}
