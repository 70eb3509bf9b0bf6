import { useRef } from 'preact/hooks';

const steps: Readonly<Record<string, number>> = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1 };

/**
 * One stop of the Tab key for a whole list; arrows, `j` and `k`, Home and End move in it. Spread `list` on the element that
 * holds the items, and `item(index)` on each of them.
 */
export function useRovingFocus(count: number) {
  const active = useRef(0);
  const container = useRef<HTMLElement | null>(null);
  if (active.current >= count) active.current = 0;

  function focus(index: number): void {
    active.current = index;
    const items = container.current?.querySelectorAll<HTMLElement>('[data-roving]') ?? [];
    items.forEach((item, place) => {
      item.tabIndex = place === index ? 0 : -1;
    });
    items[index]?.focus();
  }

  return {
    list: {
      ref: (element: HTMLElement | null) => {
        container.current = element;
      },
      onKeyDown(event: KeyboardEvent) {
        if (event.ctrlKey || event.metaKey || event.altKey || count === 0) return;
        const step = steps[event.key];
        let next: number | undefined;
        if (step !== undefined) next = Math.min(Math.max(active.current + step, 0), count - 1);
        if (event.key === 'Home') next = 0;
        if (event.key === 'End') next = count - 1;
        if (next === undefined) return;
        event.preventDefault();
        focus(next);
      },
    },
    item: (index: number) => ({
      'data-roving': '',
      tabIndex: index === active.current ? 0 : -1,
      onFocus: () => {
        active.current = index;
      },
    }),
    focus,
  };
}
