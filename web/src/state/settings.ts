/** How people want the page: appearance, language, plain words. Kept in the browser where it allows. */
import { useSyncExternalStore } from 'react';
import { setNumberLocale } from '../document/format';
import { LANGUAGES, isLanguage, type Language } from '../i18n';

export type Theme = 'auto' | 'light' | 'dark' | 'contrast';

export interface Settings {
  theme: Theme;
  language: Language;
  plain: boolean;
}

const KEY = 'equipoise-settings';
const THEMES: Theme[] = ['auto', 'light', 'dark', 'contrast'];

function stored(): Settings {
  const settings: Settings = { theme: 'auto', language: 'en', plain: false };
  const wanted = navigator.language.slice(0, 2);
  if (isLanguage(wanted)) settings.language = wanted;
  try {
    const raw = JSON.parse(localStorage.getItem(KEY) ?? '{}') as Partial<Settings>;
    if (raw.theme && THEMES.includes(raw.theme)) settings.theme = raw.theme;
    if (raw.language && isLanguage(raw.language)) settings.language = raw.language;
    settings.plain = raw.plain === true;
  } catch {
    // Without storage the settings last as long as the page.
  }
  return settings;
}

let settings: Settings | null = null;
const listeners = new Set<() => void>();

/** The settings as they are. */
export function currentSettings(): Settings {
  if (!settings) settings = stored();
  return settings;
}

/** Shows the settings on the page's root element. */
export function applySettings(): void {
  const { theme, language } = currentSettings();
  const root = document.documentElement;
  root.dataset.theme = theme;
  root.lang = language;
  root.dir = LANGUAGES[language].dir;
  setNumberLocale(language);
}

/** Changes settings. */
export function changeSettings(change: Partial<Settings>): void {
  settings = { ...currentSettings(), ...change };
  try {
    localStorage.setItem(KEY, JSON.stringify(settings));
  } catch {
    // As above.
  }
  applySettings();
  listeners.forEach((listener) => listener());
}

/** The settings, followed. */
export function useSettings(): Settings {
  return useSyncExternalStore((listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }, currentSettings);
}
