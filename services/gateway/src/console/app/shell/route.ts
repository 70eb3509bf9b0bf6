import { signal } from '@preact/signals';

/** Where the console is: `#/duplicates/<id>?state=held`. */
export interface Route {
  readonly page: string;
  readonly id: string | undefined;
  readonly query: URLSearchParams;
}

/** What a page is given. */
export interface PageProps {
  readonly id: string | undefined;
}

function read(): Route {
  const [path = '', query = ''] = location.hash.replace(/^#\/?/, '').split('?');
  const [page = '', id] = path.split('/');
  return {
    page: page === '' ? 'overview' : page,
    id: id === undefined ? undefined : decodeURIComponent(id),
    query: new URLSearchParams(query),
  };
}

export const route = signal<Route>(read());
addEventListener('hashchange', () => {
  route.value = read();
});

export function go(page: string, id?: string): void {
  location.hash = hrefOf(page, id).slice(1);
}

export function hrefOf(page: string, id?: string, query: Readonly<Record<string, string>> = {}): string {
  const text = new URLSearchParams(query).toString();
  return `#/${page}${id === undefined ? '' : `/${encodeURIComponent(id)}`}${text === '' ? '' : `?${text}`}`;
}
