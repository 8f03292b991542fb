/** What is looked at, in the address: `#/fairness?a=0&cohort=young&metric=accuracy`. */
import { useMemo, useSyncExternalStore } from 'react';

export interface Route {
  view: string;
  /** Id of the assessment; the first one where absent. */
  assessment: string | null;
  /** Name of a cohort; null for all rows. */
  cohort: string | null;
  /** A predicate that has no name yet. */
  where: string | null;
  /** Options of the view. */
  options: Record<string, string>;
}

const OWN = ['a', 'cohort', 'where'];

/** Reads an address. */
export function parseHash(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?', 2);
  const params = new URLSearchParams(query);
  const options: Record<string, string> = {};
  params.forEach((value, key) => {
    if (!OWN.includes(key)) options[key] = value;
  });
  let view = 'overview';
  try {
    view = decodeURIComponent(path) || 'overview';
  } catch {
    // A broken escape in an address is no reason to show nothing.
  }
  return {
    view,
    assessment: params.get('a'),
    cohort: params.get('cohort'),
    where: params.get('where'),
    options,
  };
}

/** Writes an address. */
export function formatHash(route: Route): string {
  const params = new URLSearchParams();
  if (route.assessment !== null) params.set('a', route.assessment);
  if (route.cohort !== null) params.set('cohort', route.cohort);
  if (route.where !== null) params.set('where', route.where);
  for (const [key, value] of Object.entries(route.options)) if (value !== '') params.set(key, value);
  const query = params.toString();
  return `#/${encodeURIComponent(route.view)}${query ? `?${query}` : ''}`;
}

const subscribe = (listener: () => void): (() => void) => {
  window.addEventListener('hashchange', listener);
  return () => window.removeEventListener('hashchange', listener);
};

/** The current address. */
export function useRoute(): Route {
  const hash = useSyncExternalStore(subscribe, () => window.location.hash);
  return useMemo(() => parseHash(hash), [hash]);
}

/** Changes parts of the address; `replace` leaves no step in the history. */
export function go(change: Partial<Route>, replace = false): void {
  const hash = formatHash({ ...parseHash(window.location.hash), ...change });
  if (hash === window.location.hash) return;
  if (!replace) {
    window.location.hash = hash;
    return;
  }
  try {
    window.history.replaceState(null, '', hash);
    window.dispatchEvent(new HashChangeEvent('hashchange'));
  } catch {
    window.location.hash = hash;
  }
}

/**
 * Follows links within the page itself. In a frame whose document has no address of its own, a browser would take them
 * for links to the page around it.
 */
export function followLinks(): () => void {
  const follow = (event: MouseEvent): void => {
    const link = event.target instanceof Element ? event.target.closest('a') : null;
    const hash = link?.getAttribute('href');
    const isPlain =
      event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey;
    if (!hash?.startsWith('#/') || !isPlain || event.defaultPrevented) return;
    event.preventDefault();
    window.location.hash = hash;
  };
  document.addEventListener('click', follow);
  return () => document.removeEventListener('click', follow);
}

/** Sets an option of the view. */
export function setOption(key: string, value: string): void {
  const route = parseHash(window.location.hash);
  go({ options: { ...route.options, [key]: value } }, true);
}

/** The address of a view that keeps assessment and cohort. */
export function viewHref(route: Route, view: string, options: Record<string, string> = {}): string {
  return formatHash({ ...route, view, options });
}
