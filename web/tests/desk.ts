/** A browser with a page in it, servers and files to look at, and what went wrong unseen. */
import axeCore from 'axe-core';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { browserPath, launch, writePage } from '../scripts/browser.mjs';
import type { Wish } from './sample';
import { startServer, type Fake } from './server';

export const hasBrowser = browserPath() !== null;
if (!hasBrowser) process.stderr.write('skipped: journeys need Chromium; name one with `CHROMIUM`\n');

/**
 * Violations of WCAG 2.2 AA, and of good practice beyond it, on the page as it stands. An open popover stands outside of
 * the page's landmarks, which is no matter of WCAG.
 */
export async function violations(page: Page, hasPopover = false): Promise<string[]> {
  await page.evaluate(axeCore.source);
  return page.evaluate(async (isOver) => {
    const { axe } = window as unknown as { axe: typeof axeCore };
    const tags = [
      'wcag2a',
      'wcag2aa',
      'wcag21a',
      'wcag21aa',
      'wcag22aa',
      ...(isOver ? [] : ['best-practice']),
    ];
    const found = await axe.run(document, {
      runOnly: { type: 'tag', values: tags },
      resultTypes: ['violations'],
    });
    return found.violations.flatMap((v) =>
      v.nodes.map((n) => `${v.id}: ${n.target.join(' ')} ${n.failureSummary ?? ''}`),
    );
  }, hasPopover);
}

/** By how many pixels the page is wider than its window. */
export const tooWide = (page: Page): Promise<number> =>
  page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

type ContextOptions = Parameters<Browser['newContext']>[0];

/** What a test needs of a browser. */
export interface Desk {
  /** The page that was opened last. */
  page: () => Page;
  context: () => BrowserContext;
  open: (url: string, options?: ContextOptions) => Promise<Page>;
  /** A page without an address. */
  blank: (options?: ContextOptions) => Promise<Page>;
  live: (n?: number, wish?: Wish) => Promise<Fake>;
  fixed: (documents: unknown[]) => string;
  /** A page whose documents are whatever is given. */
  raw: (documents: unknown) => string;
  view: (name: string) => Promise<void>;
  settings: (settings: { theme?: string; language?: string; plain?: boolean }) => Promise<void>;
}

/** Opens a browser for the tests around; a fault in the page fails the test in which it happened. */
export function desk(): Desk {
  let browser: Browser;
  let context: BrowserContext | null = null;
  let page: Page | null = null;
  let faults: string[] = [];
  const servers: Fake[] = [];
  const pages: { remove: () => void }[] = [];
  beforeAll(async () => {
    browser = await launch();
  });
  afterEach(async () => {
    await context?.close();
    await Promise.all(servers.splice(0).map((server) => server.close()));
    pages.splice(0).forEach((written) => written.remove());
    expect(faults).toEqual([]);
  });
  afterAll(async () => {
    await browser?.close();
  });
  const own = (): Page => {
    if (!page) throw new Error('no page is open');
    return page;
  };
  const blank = async (options: ContextOptions = {}): Promise<Page> => {
    context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
    page = await context.newPage();
    page.setDefaultTimeout(20_000);
    faults = [];
    page.on('pageerror', (error) => faults.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error' && !message.text().includes('Failed to load resource'))
        faults.push(message.text());
    });
    return page;
  };
  const raw = (documents: unknown): string => {
    const written = writePage(documents);
    pages.push(written);
    return written.url;
  };
  return {
    page: own,
    context: () => own().context(),
    blank,
    open: async (url, options) => {
      const opened = await blank(options);
      await opened.goto(url);
      await opened.getByRole('heading', { level: 2 }).first().waitFor();
      return opened;
    },
    live: async (n = 2000, wish = {}) => {
      const server = await startServer(n, wish);
      servers.push(server);
      return server;
    },
    fixed: (documents) =>
      raw(documents.map((document, i) => ({ id: String(i), name: `assessment ${i}`, document }))),
    raw,
    view: (name) => own().locator('#nav').getByRole('link', { name }).click(),
    settings: async (settings) => {
      const whole = { theme: 'light', language: 'en', plain: false, ...settings };
      await own().evaluate((s) => localStorage.setItem('equipoise-settings', JSON.stringify(s)), whole);
      await own().reload();
      await own().getByRole('heading', { level: 2 }).first().waitFor();
    },
  };
}
