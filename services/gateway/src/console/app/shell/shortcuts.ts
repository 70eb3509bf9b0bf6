import { signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';

/** A key, or two in a row with a space between them, and what it does. */
export interface Shortcut {
  readonly keys: string;
  readonly label: string;
  readonly run: () => void;
  /** False while it would do nothing; it is still listed. Default true. */
  readonly isEnabled?: boolean;
}

interface Group {
  readonly title: string;
  readonly shortcuts: readonly Shortcut[];
}

/** What can be pressed at the moment, for the help. */
export const shortcutGroups = signal<readonly Group[]>([]);

const sequenceMs = 1_200;
let first = '';
let firstAt = 0;

/** Offers shortcuts for as long as the component is shown. */
export function useShortcuts(title: string, shortcuts: readonly Shortcut[]): void {
  const latest = useRef(shortcuts);
  latest.current = shortcuts;
  useEffect(() => {
    const group: Group = {
      title,
      get shortcuts() {
        return latest.current;
      },
    };
    shortcutGroups.value = [...shortcutGroups.value, group];
    return () => {
      shortcutGroups.value = shortcutGroups.value.filter((one) => one !== group);
    };
  }, [title]);
}

addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || isTyping(event.target)) return;
  // A dialog that is open has the keyboard for itself.
  if (document.querySelector('dialog[open]') !== null && event.key !== '?') return;
  const sequence = performance.now() - firstAt < sequenceMs && first !== '' ? `${first} ${event.key}` : '';
  const found = find(sequence) ?? find(event.key);
  const begins = shortcutGroups.value.some(({ shortcuts }) =>
    shortcuts.some(({ keys }) => keys.startsWith(`${event.key} `)),
  );
  first = found === undefined && begins ? event.key : '';
  firstAt = performance.now();
  if (found === undefined) return;
  event.preventDefault();
  found.run();
});

/** The page that was shown last answers first. */
function find(keys: string): Shortcut | undefined {
  if (keys === '') return undefined;
  for (const { shortcuts } of shortcutGroups.value.toReversed()) {
    const found = shortcuts.find((shortcut) => shortcut.keys === keys && shortcut.isEnabled !== false);
    if (found !== undefined) return found;
  }
  return undefined;
}

function isTyping(target: EventTarget | null): boolean {
  if (target instanceof HTMLInputElement) return !['radio', 'checkbox', 'button'].includes(target.type);
  return target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement;
}
