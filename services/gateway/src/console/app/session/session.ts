import { computed, signal } from '@preact/signals';

const storedKey = 'kempt-api-key';
const storedScopes = 'kempt-scopes';

/** Kept for this tab only, and forgotten with it. */
export const apiKey = signal<string | null>(sessionStorage.getItem(storedKey));
export const scopes = signal<ReadonlySet<string>>(new Set((sessionStorage.getItem(storedScopes) ?? '').split(' ')));
/** Why the session ended, for the sign-in page. */
export const farewell = signal<string>('');
export const isSignedIn = computed(() => apiKey.value !== null);

export function signIn(key: string, granted: readonly string[]): void {
  sessionStorage.setItem(storedKey, key);
  sessionStorage.setItem(storedScopes, granted.join(' '));
  scopes.value = new Set(granted);
  farewell.value = '';
  apiKey.value = key;
}

export function signOut(reason = ''): void {
  sessionStorage.removeItem(storedKey);
  sessionStorage.removeItem(storedScopes);
  farewell.value = reason;
  apiKey.value = null;
}

/** Whether the key of the session has the scope. The services decide; this only spares people a refusal. */
export function may(scope: string): boolean {
  return scopes.value.has(scope);
}
