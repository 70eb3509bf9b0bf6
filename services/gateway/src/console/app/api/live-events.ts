import { signal } from '@preact/signals';
import { apiKey, signOut } from '../session/session.ts';

/** An event of `/v1/events`. `reset` stands for whatever was missed. */
export interface LiveEvent {
  readonly topic: string;
  readonly subject: string;
  readonly time: string;
  readonly data: Readonly<Record<string, unknown>>;
}

export type LiveState = 'connecting' | 'live' | 'away';

/** Whether the console hears what happens. */
export const liveState = signal<LiveState>('connecting');

type Listener = (event: LiveEvent) => void;
const listeners = new Set<Listener>();

/** Calls back for each event until the answer is called. */
export function onLiveEvent(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Follows the events of the session's tenant until the signal, going on where a connection ended. */
export async function followEvents(until: AbortSignal): Promise<void> {
  let lastId: string | undefined;
  for (let pauseMs = 500; !until.aborted; pauseMs = Math.min(pauseMs * 2, 15_000)) {
    try {
      const response = await fetch('/v1/events', {
        headers: {
          authorization: `Bearer ${apiKey.value}`,
          ...(lastId !== undefined && { 'last-event-id': lastId }),
        },
        signal: until,
      });
      if (response.status === 401) return signOut('The API key is no longer valid. Sign in again.');
      // Without the scope nothing will ever come; pages still read what they show.
      if (response.status === 403) return void (liveState.value = 'away');
      if (response.ok && response.body !== null) {
        liveState.value = 'live';
        pauseMs = 500;
        // What happened while nobody listened is not known at the first connection.
        if (lastId !== undefined) tell({ topic: 'reconnected', subject: '', time: '', data: {} });
        for await (const block of blocksOf(response.body)) {
          lastId = block.get('id') ?? lastId;
          const topic = block.get('event');
          const data = block.get('data');
          if (topic === undefined || data === undefined) continue;
          tell({ subject: '', time: '', data: {}, ...(JSON.parse(data) as object), topic });
        }
      }
    } catch {
      if (until.aborted) return;
    }
    liveState.value = 'away';
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}

function tell(event: LiveEvent): void {
  for (const listener of listeners) listener(event);
}

/** The blocks of a stream of server-sent events, each by field. */
async function* blocksOf(body: ReadableStream<Uint8Array>): AsyncGenerator<ReadonlyMap<string, string>> {
  const reader = body.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>).getReader();
  let rest = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const blocks = (rest + value).split('\n\n');
    rest = blocks.pop() ?? '';
    for (const block of blocks) {
      const fields = block.split('\n').map((line): [string, string] => {
        const colon = line.indexOf(':');
        return [line.slice(0, colon), line.slice(colon + 1).trimStart()];
      });
      yield new Map(fields);
    }
  }
}
