/**
 * The token of the server. It comes with the address that was printed, is kept by the browser for this address alone, and
 * leaves the address bar, so that a link that is copied or seen gives nothing away.
 */
import type { Config } from './client';

/** What the browser lends: its storage, its address, its history. */
export interface Place {
  location: { href: string };
  history: { replaceState: (data: unknown, title: string, url: string) => void };
  /** For everything of this origin: other tabs find it too. */
  lasting: Pick<Storage, 'getItem' | 'setItem'> | null;
  /** For this tab alone. */
  passing: Pick<Storage, 'getItem' | 'setItem'> | null;
}

const keyOf = (base: string): string => `equipoise-token ${base}`;

/** Behind a prefix the origin may be shared with other people's pages, so that the token stays in the tab. */
const storeOf = (place: Place, base: string): Place['lasting'] =>
  base === '' ? place.lasting : place.passing;

/** The configuration with its token: from the page, or from the browser where the page came without one. */
export function unlocked(config: Config, place: Place): Config {
  const store = storeOf(place, config.base);
  try {
    if (config.token === '') return { ...config, token: store?.getItem(keyOf(config.base)) ?? '' };
    store?.setItem(keyOf(config.base), config.token);
    // Without the token in the address a reload must find it in the browser.
    if (store?.getItem(keyOf(config.base)) !== config.token) return config;
    place.history.replaceState(null, '', withoutToken(place.location.href));
  } catch {
    // A page in a frame without an origin has no storage and keeps its address.
  }
  return config;
}

/** An address without the token. */
export function withoutToken(href: string): string {
  const url = new URL(href);
  if (!url.searchParams.has('token')) return href;
  url.searchParams.delete('token');
  return url.href;
}

/** The browser's own place. */
export function ownPlace(): Place {
  const store = (name: 'localStorage' | 'sessionStorage'): Storage | null => {
    try {
      return window[name];
    } catch {
      return null;
    }
  };
  return {
    location: window.location,
    history: window.history,
    lasting: store('localStorage'),
    passing: store('sessionStorage'),
  };
}
