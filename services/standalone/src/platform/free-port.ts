import { createServer } from 'node:net';

/** Below the range from which Linux, macOS and Windows take ports of outgoing connections. */
const lowest = 20_000;
const highest = 32_000;
const attempts = 50;
/** Whoever got a port may not listen on it yet, so nobody else gets the same. */
const given = new Set<number>();

/**
 * A port of 127.0.0.1 that nothing listens on. It lies outside the range of outgoing connections, so that none of those
 * that begin in the meantime takes it.
 */
export async function freePort(random: () => number = Math.random): Promise<number> {
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const port = lowest + Math.floor(random() * (highest - lowest));
    if (!given.has(port) && (await isFree(port))) {
      given.add(port);
      return port;
    }
  }
  throw new Error(`No free port was found between ${lowest} and ${highest}`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
