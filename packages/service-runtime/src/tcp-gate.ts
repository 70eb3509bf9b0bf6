import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** Stands before a server, for tests of what happens when the server is away. */
export interface TcpGate {
  readonly port: number;
  /** Refuses connections and breaks those that are open. */
  shut(): Promise<void>;
  /** Lets connections through, on the same port. */
  open(): Promise<void>;
}

/** Forwards connections to `target`. It is open at first, unless `isShut`. */
export async function createTcpGate(
  target: { readonly host: string; readonly port: number },
  { isShut = false }: { readonly isShut?: boolean } = {},
): Promise<TcpGate> {
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(target.port, target.host);
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(from);
      from.pipe(to);
      from.on('error', () => to.destroy());
      from.on('close', () => {
        sockets.delete(from);
        to.destroy();
      });
    }
  });

  const listen = (port: number): Promise<void> =>
    new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, '127.0.0.1', resolve);
    });

  async function shut(): Promise<void> {
    if (!server.listening) return;
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of sockets) socket.destroy();
    await closed;
  }

  await listen(0);
  const { port } = server.address() as AddressInfo;
  if (isShut) await shut();
  return { port, shut, open: () => listen(port) };
}
