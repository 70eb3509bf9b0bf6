import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { onLiveEvent } from './live-events.ts';

/** Something that was asked of the API. While it is read again what is known stays. */
export interface Resource<T> {
  readonly value: T | undefined;
  readonly error: Error | undefined;
  readonly isLoading: boolean;
  reload(): void;
}

export interface ResourceOptions {
  /** Topics of events after which it is read again. */
  readonly topics?: readonly string[];
  /** Read again after this time, for as long as it is given. */
  readonly pollMs?: number | undefined;
}

const settleMs = 300;

/** Reads when the key changes, when one of the topics is told, and from time to time if wanted. */
export function useResource<T>(
  key: string | undefined,
  load: (signal: AbortSignal) => Promise<T>,
  { topics = [], pollMs }: ResourceOptions = {},
): Resource<T> {
  const [state, setState] = useState<{ key: string | undefined; value?: T; error?: Error; isLoading: boolean }>({
    key,
    isLoading: true,
  });
  const [round, setRound] = useState(0);
  const latest = useRef(load);
  latest.current = load;
  const reload = useCallback(() => setRound((count) => count + 1), []);

  useEffect(() => {
    if (key === undefined) return undefined;
    const gone = new AbortController();
    setState((known) => (known.key === key ? { ...known, isLoading: true } : { key, isLoading: true }));
    latest.current(gone.signal).then(
      (value) => {
        if (!gone.signal.aborted) setState({ key, value, isLoading: false });
      },
      (error: unknown) => {
        if (gone.signal.aborted) return;
        setState((known) => ({ ...known, key, error: error as Error, isLoading: false }));
      },
    );
    return () => gone.abort();
  }, [key, round]);

  const topicList = topics.join(',');
  useEffect(() => {
    if (topicList === '') return undefined;
    const wanted = new Set([...topicList.split(','), 'reset', 'reconnected']);
    let timer: number | undefined;
    // A burst of events is one reading.
    const stop = onLiveEvent(({ topic }) => {
      if (wanted.has(topic)) timer ??= setTimeout(() => ((timer = undefined), reload()), settleMs);
    });
    return () => {
      stop();
      clearTimeout(timer);
    };
  }, [topicList, reload]);

  useEffect(() => {
    if (pollMs === undefined) return undefined;
    const timer = setInterval(reload, pollMs);
    return () => clearInterval(timer);
  }, [pollMs, reload]);

  const isCurrent = state.key === key;
  return {
    value: isCurrent ? state.value : undefined,
    error: isCurrent ? state.error : undefined,
    isLoading: !isCurrent || state.isLoading,
    reload,
  };
}
