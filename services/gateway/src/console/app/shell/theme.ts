import { signal } from '@preact/signals';

export type Theme = 'system' | 'light' | 'dark';

const stored = 'kempt-theme';
const themes: readonly Theme[] = ['system', 'light', 'dark'];

export const theme = signal<Theme>(themes.find((one) => one === localStorage.getItem(stored)) ?? 'system');

/** Shows the page in the chosen theme; `system` follows the machine. */
export function applyTheme(): void {
  document.documentElement.dataset['theme'] = theme.value;
}

export function nextTheme(): void {
  theme.value = themes[(themes.indexOf(theme.value) + 1) % themes.length] ?? 'system';
  localStorage.setItem(stored, theme.value);
  applyTheme();
}
