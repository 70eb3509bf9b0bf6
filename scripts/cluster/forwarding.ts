import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

/** A port of this machine that leads into the cluster. */
export interface Forwarding {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  stop(): void;
}

/**
 * Forwards a port of this machine, a free one by default, to a Service. kubectl picks one pod and ends when that pod goes; then it
 * is started again on the same port, so that clients notice no more than a broken connection.
 */
export async function forward(
  namespace: string,
  service: string,
  port: number,
  localPort?: number,
): Promise<Forwarding> {
  let stopping = false;
  let child: ChildProcess | undefined;

  async function start(local: number | undefined): Promise<number> {
    const started = spawn(
      'kubectl',
      ['port-forward', '--namespace', namespace, `service/${service}`, `${local ?? ''}:${port}`],
      {
        stdio: ['ignore', 'pipe', 'ignore'],
      },
    );
    child = started;
    const exited = once(started, 'exit');
    const lines = createInterface({ input: started.stdout });
    const [line] = (await Promise.race([
      once(lines, 'line'),
      exited.then(() => {
        throw new Error(`kubectl port-forward to ${service} ended`);
      }),
    ])) as [string];
    const found = Number(/127\.0\.0\.1:(\d+)/.exec(line)?.[1]);
    void exited.then(() => keep(found));
    return found;
  }

  async function keep(local: number): Promise<void> {
    while (!stopping) {
      try {
        await start(local);
        return;
      } catch {
        await sleep(300);
      }
    }
  }

  const local = await start(localPort);
  return {
    url: `http://127.0.0.1:${local}`,
    stop() {
      stopping = true;
      child?.kill();
    },
  };
}
