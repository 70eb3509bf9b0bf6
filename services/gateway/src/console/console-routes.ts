import { type HttpServer, ProblemError } from '@kempt/service-runtime';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ConsoleFile } from './console-bundle.ts';

export interface ConsoleRoutesOptions {
  readonly http: HttpServer;
  /** Asked at the first request, so that nobody waits for the console who does not use it. */
  readonly load: () => Promise<ReadonlyMap<string, ConsoleFile>>;
}

/** Only what comes from here runs, is shown, or is asked. There is no inline script and no inline style to allow. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** The console for people, at `/console/`. Its files hold no data and need no key; what it shows it asks of the API. */
export function addConsoleRoutes({ http, load }: ConsoleRoutesOptions): void {
  let files: Promise<ReadonlyMap<string, ConsoleFile>> | undefined;

  async function send(request: FastifyRequest, reply: FastifyReply, path: string): Promise<FastifyReply> {
    files ??= load().catch((error: unknown) => {
      files = undefined;
      throw error;
    });
    const file = (await files).get(path);
    if (file === undefined) {
      throw new ProblemError({
        status: 404,
        code: 'unknown-file',
        detail: `The console has no file ${path}. Open /console/ instead.`,
      });
    }
    const takesGzip = /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''));
    return reply
      .headers({
        'content-type': file.contentType,
        'content-security-policy': policy,
        'cross-origin-opener-policy': 'same-origin',
        'cache-control': file.isImmutable ? 'public, max-age=31536000, immutable' : 'no-cache',
        vary: 'accept-encoding',
        ...(takesGzip && { 'content-encoding': 'gzip' }),
      })
      .send(takesGzip ? file.compressed : file.content);
  }

  http.get('/console', { schema: { hide: true } }, async (_request, reply) => reply.redirect('/console/', 308));
  http.get('/console/', { schema: { hide: true } }, (request, reply) => send(request, reply, ''));
  http.get<{ Params: { file: string } }>('/console/:file', { schema: { hide: true } }, (request, reply) =>
    send(request, reply, request.params.file),
  );
}
