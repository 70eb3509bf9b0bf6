import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { StreamEvent } from './stream-event.ts';
import type { FollowedEvents, StreamFollower } from './stream-feed.ts';

/** Why a stream ended. All but `gone` are told to the client, which may come back with its last id. */
export type StreamEnd = 'gone' | 'slow' | 'stopping' | 'unauthorised' | 'failed';

export interface EventStreamOptions {
  readonly response: ServerResponse;
  readonly follower: StreamFollower;
  /** Events of other topics are left out. */
  readonly topics: ReadonlySet<string>;
  readonly heartbeatMs: number;
  /** A client that has not taken what was sent for so long is cut off. */
  readonly slowClientMs: number;
  /** Rejects when the client may no longer listen. Asked at each heartbeat. */
  readonly checkAccess: () => Promise<void>;
  /** Called at each heartbeat, should a notification have been lost. */
  readonly onHeartbeat: () => void;
  /** Aborted when the service stops. */
  readonly stopping: AbortSignal;
}

const retryMs = 2_000;

/**
 * Sends a tenant's events to one client until either side has enough, in the form of server-sent events. What was sent and
 * not yet taken is at most one page: the stream is read on only when the client has room.
 */
export async function sendEventStream(options: EventStreamOptions): Promise<StreamEnd> {
  const { response, follower, topics, heartbeatMs, stopping } = options;
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  response.once('error', () => gone.abort());
  const ended = AbortSignal.any([gone.signal, stopping]);
  let lastId: number | undefined;

  /** False when the client did not take it in time. */
  async function send(text: string): Promise<boolean> {
    if (response.write(text)) return true;
    const drained = new Promise<boolean>((resolve) => response.once('drain', () => resolve(true)));
    const waited = new AbortController();
    const tooLong = sleep(options.slowClientMs, false, { signal: AbortSignal.any([waited.signal, gone.signal]) }).catch(
      () => gone.signal.aborted,
    );
    const taken = await Promise.race([drained, tooLong]);
    waited.abort();
    return taken;
  }

  async function nextOrHeartbeat(): Promise<FollowedEvents> {
    // The signal of `any` would hold on to the long-lived ones for as long as they live, once for each heartbeat.
    const pause = new AbortController();
    const stop = (): void => pause.abort();
    const timer = setTimeout(stop, heartbeatMs);
    ended.addEventListener('abort', stop, { once: true });
    try {
      return ended.aborted ? { events: [] } : await follower.next(pause.signal);
    } finally {
      clearTimeout(timer);
      ended.removeEventListener('abort', stop);
    }
  }

  async function pump(): Promise<StreamEnd> {
    if (!(await send(`retry: ${retryMs}\n\n`))) return 'slow';
    for (;;) {
      const { events, reset } = await nextOrHeartbeat();
      if (gone.signal.aborted) return 'gone';
      if (stopping.aborted) return 'stopping';
      if (reset !== undefined && !(await send(resetText(reset.from)))) return 'slow';
      const told = events.filter(({ topic }) => topics.has(topic));
      if (told.length > 0 && !(await send(told.map(eventText).join('')))) return 'slow';
      const position = events.at(-1)?.id ?? (reset === undefined ? undefined : reset.from - 1);
      if (position !== undefined) lastId = position;
      if (events.length > 0 || reset !== undefined) continue;
      if (!(await mayListen())) return 'unauthorised';
      options.onHeartbeat();
      // The id without an event moves the position of the client past events that were not for it.
      if (!(await send(lastId === undefined ? ':\n\n' : `:\nid: ${lastId}\n\n`))) return 'slow';
    }
  }

  async function mayListen(): Promise<boolean> {
    try {
      await options.checkAccess();
      return true;
    } catch (error) {
      // A store that is away takes nobody's rights.
      return (error as { readonly status?: unknown }).status !== 401 && (error as { status?: unknown }).status !== 403;
    }
  }

  let end: StreamEnd;
  try {
    end = await pump();
  } catch {
    end = gone.signal.aborted ? 'gone' : 'failed';
  }
  if (gone.signal.aborted) return 'gone';
  response.end(`event: closed\ndata: ${JSON.stringify({ reason: end, detail: endDetails[end] })}\n\n`);
  // A client that takes nothing would keep the connection for ever.
  setTimeout(() => response.destroy(), end === 'slow' ? options.slowClientMs : 2_000).unref();
  return end;
}

const endDetails: Readonly<Record<StreamEnd, string>> = {
  gone: 'The client closed the connection.',
  slow: 'The client took too long to take its events. Connect again with Last-Event-ID to go on.',
  stopping: 'This instance of the gateway stops. Connect again with Last-Event-ID to go on.',
  unauthorised: 'The API key is no longer valid, or no longer has the scope.',
  failed: 'The stream could not be read. Connect again with Last-Event-ID to go on.',
};

function resetText(from: number): string {
  const detail = 'Events before this point are no longer there. Read what you show anew.';
  return `id: ${from - 1}\nevent: reset\ndata: ${JSON.stringify({ from, detail })}\n\n`;
}

/** Data is one line of JSON, so it needs no splitting. */
function eventText({ id, topic, subject, time, data }: StreamEvent): string {
  const head = JSON.stringify({ id, topic, subject, time: time.toISOString() });
  return `id: ${id}\nevent: ${topic}\ndata: ${head.slice(0, -1)},"data":${data}}\n\n`;
}
