import type { ComponentType } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { followEvents, liveState } from '../api/live-events.ts';
import { ChangesPage } from '../pages/changes.tsx';
import { DataQualityPage } from '../pages/data-quality.tsx';
import { DuplicatesPage } from '../pages/duplicates.tsx';
import { IntegrationsPage } from '../pages/integrations.tsx';
import { KpisPage } from '../pages/kpis.tsx';
import { OverviewPage } from '../pages/overview.tsx';
import { signOut } from '../session/session.ts';
import { Notices } from './notices.tsx';
import { go, hrefOf, type PageProps, route } from './route.ts';
import { ShortcutHelp } from './shortcut-help.tsx';
import { useShortcuts } from './shortcuts.ts';
import { nextTheme, theme } from './theme.ts';

interface PageEntry {
  readonly name: string;
  readonly title: string;
  readonly key: string;
  readonly component: ComponentType<PageProps>;
}

const pages: readonly PageEntry[] = [
  { name: 'overview', title: 'Overview', key: 'o', component: OverviewPage },
  { name: 'duplicates', title: 'Duplicates', key: 'd', component: DuplicatesPage },
  { name: 'changes', title: 'Changes', key: 'c', component: ChangesPage },
  { name: 'quality', title: 'Data quality', key: 'q', component: DataQualityPage },
  { name: 'integrations', title: 'Integrations', key: 'i', component: IntegrationsPage },
  { name: 'kpis', title: 'KPIs', key: 'k', component: KpisPage },
];

const liveWords = { connecting: 'Connecting', live: 'Live', away: 'Not live' } as const;

export function Shell() {
  const [isHelpShown, showHelp] = useState(false);
  const main = useRef<HTMLElement>(null);
  const { page: name, id } = route.value;
  const page = pages.find((entry) => entry.name === name) ?? (pages[0] as PageEntry);
  const Page = page.component;

  useEffect(() => {
    const gone = new AbortController();
    void followEvents(gone.signal);
    return () => gone.abort();
  }, []);
  // A reader of the screen, and the next Tab, begin at the new page.
  useEffect(() => {
    document.title = `${page.title} – Kempt`;
    main.current?.focus({ preventScroll: true });
    scrollTo(0, 0);
  }, [page.name, id]);

  useShortcuts('Everywhere', [
    ...pages.map((entry) => ({ keys: `g ${entry.key}`, label: `Go to ${entry.title}`, run: () => go(entry.name) })),
    { keys: 't', label: 'Change the theme', run: nextTheme },
    { keys: '?', label: 'Show these keys', run: () => showHelp((isShown) => !isShown) },
  ]);

  return (
    <>
      <a class="skip" href="#main" onClick={(event) => (event.preventDefault(), main.current?.focus())}>
        Skip to the page
      </a>
      <header class="top">
        <span class="brand">Kempt</span>
        <nav aria-label="Pages">
          {pages.map((entry) => (
            <a key={entry.name} href={hrefOf(entry.name)} aria-current={entry === page ? 'page' : undefined}>
              {entry.title}
            </a>
          ))}
        </nav>
        <span class={`live ${liveState.value}`} role="status">
          {liveWords[liveState.value]}
        </span>
        <button type="button" class="plain" onClick={nextTheme}>
          Theme: {theme.value}
        </button>
        <button type="button" class="plain" onClick={() => showHelp(true)} aria-keyshortcuts="?">
          Keys <kbd>?</kbd>
        </button>
        <button type="button" class="plain" onClick={() => signOut()}>
          Sign out
        </button>
      </header>
      <main id="main" tabIndex={-1} ref={main}>
        <Page key={page.name} id={id} />
      </main>
      <Notices />
      {isHelpShown && <ShortcutHelp onClose={() => showHelp(false)} />}
    </>
  );
}
