import { signal } from '@preact/signals';

interface Notice {
  readonly id: number;
  readonly kind: 'done' | 'problem';
  readonly text: string;
}

const notices = signal<readonly Notice[]>([]);
let nextId = 1;
const shownMs = 8_000;

/** Says in words what came of an action. */
export function notify(kind: Notice['kind'], text: string): void {
  const notice = { id: nextId, kind, text };
  nextId += 1;
  notices.value = [...notices.value.slice(-2), notice];
  setTimeout(() => dismiss(notice.id), shownMs);
}

function dismiss(id: number): void {
  notices.value = notices.value.filter((notice) => notice.id !== id);
}

/** Runs an action and tells a refusal in its words. */
export async function attempt(action: () => Promise<unknown>): Promise<void> {
  try {
    await action();
  } catch (error) {
    notify('problem', error instanceof Error ? error.message : String(error));
  }
}

export function Notices() {
  return (
    <div class="notices" role="status" aria-live="polite">
      {notices.value.map(({ id, kind, text }) => (
        <div key={id} class={`notice ${kind}`}>
          <span>{text}</span>
          <button type="button" aria-label="Dismiss" onClick={() => dismiss(id)}>
            ×
          </button>
        </div>
      ))}
    </div>
  );
}
