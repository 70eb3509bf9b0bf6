import type { IncomingMessage } from 'node:http';
import { type Problem, ProblemError } from '@kempt/service-runtime';
import { upstreamUnreachable } from '../errors.ts';
import type { Upstream, UpstreamRequest } from './upstream.ts';

export type JsonRequest = Omit<UpstreamRequest, 'headers' | 'body'> & { readonly body?: object };

/** Asks a service for JSON. A problem that it answers with is thrown as it came. */
export async function requestJson<T>(upstream: Upstream, { body, ...request }: JsonRequest): Promise<T> {
  const answer = await upstream.send({
    ...request,
    headers: { accept: 'application/json', ...(body !== undefined && { 'content-type': 'application/json' }) },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const content = await readJson(upstream, answer);
  const status = answer.statusCode ?? 502;
  if (status < 400) return content as T;
  const {
    code = 'upstream-refused',
    detail = `The service ${upstream.name} refused.`,
    title,
    errors,
  } = content as Partial<Problem>;
  const retryAfter = Number(answer.headers['retry-after']);
  throw new ProblemError({
    status,
    code,
    detail,
    ...(title !== undefined && { title }),
    ...(errors !== undefined && { errors }),
    ...(Number.isFinite(retryAfter) && { retryAfterSeconds: retryAfter }),
  });
}

async function readJson(upstream: Upstream, answer: IncomingMessage): Promise<unknown> {
  try {
    return JSON.parse((await answer.setEncoding('utf8').toArray()).join(''));
  } catch (error) {
    throw upstreamUnreachable(upstream.name, error);
  }
}
