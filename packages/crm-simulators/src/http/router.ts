/** Finds the handler of a path template such as `/crm/v3/objects/:type/:id`. */
export interface Router<H> {
  add(method: string, template: string, handler: H): void;
  /** `methods` lists what the path allows when no handler exists for this method; empty when the path is unknown. */
  find(
    method: string,
    path: string,
  ):
    | { readonly handler: H; readonly params: Readonly<Record<string, string>> }
    | { readonly methods: readonly string[] };
}

interface Route<H> {
  readonly method: string;
  readonly segments: readonly string[];
  readonly handler: H;
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

/** Templates with fixed segments win over templates with parameters when they are added first. A last segment `*name` takes the rest of the path. */
export function createRouter<H>(): Router<H> {
  const routes: Route<H>[] = [];
  const match = (route: Route<H>, segments: readonly string[]): Record<string, string> | null => {
    const params: Record<string, string> = {};
    for (let i = 0; i < route.segments.length; i++) {
      const expected = route.segments[i] as string;
      if (expected.startsWith('*')) {
        if (segments.length <= i) return null;
        params[expected.slice(1)] = segments.slice(i).map(decode).join('/');
        return params;
      }
      const actual = segments[i];
      if (actual === undefined) return null;
      if (expected.startsWith(':')) {
        if (actual === '') return null;
        params[expected.slice(1)] = decode(actual);
      } else if (expected !== actual) return null;
    }
    return segments.length === route.segments.length ? params : null;
  };
  return {
    add(method, template, handler) {
      routes.push({ method, segments: template.split('/').slice(1), handler });
    },
    find(method, path) {
      const segments = path.split('/').slice(1);
      const methods: string[] = [];
      for (const route of routes) {
        const params = match(route, segments);
        if (params === null) continue;
        if (route.method === method) return { handler: route.handler, params };
        methods.push(route.method);
      }
      return { methods };
    },
  };
}
