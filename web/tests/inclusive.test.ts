/** The page for everybody: assistive technology, keyboards, zoom, contrast, motion, languages, plain words. */
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { desk, hasBrowser, tooWide, violations } from './desk';
import { makeDocument } from './sample';

const VIEWS = [
  'overview',
  'performance',
  'performance?part_performance=all',
  'fairness',
  'errors',
  'data',
  'explain',
  'explain?part_explain=feature',
  'explain?part_explain=row',
  'counterfactuals',
  'causal',
  'causal?part_causal=all',
  'compare',
  'provenance',
];

describe.skipIf(!hasBrowser)('everybody', () => {
  const { open, live, fixed, view, settings } = desk();
  const both = (): unknown[] => [makeDocument({ causal: true }), makeDocument({ causal: true })];
  const show = async (page: Page, url: string, name: string): Promise<void> => {
    await page.goto(`${url}#/${name}`);
    await page.getByRole('heading', { level: 2 }).first().waitFor();
  };

  it.each(['light', 'dark', 'contrast'] as const)('every view is accessible, %s', async (theme) => {
    const url = fixed(both());
    const page = await open(url);
    await settings({ theme, plain: true });
    for (const name of VIEWS) {
      await show(page, url, name);
      expect([name, await violations(page)]).toEqual([name, []]);
    }
  });

  it.each(['light', 'dark', 'contrast'] as const)('live panels are accessible, %s', async (theme) => {
    const server = await live(2000, { causal: true });
    const page = await open(`${server.url}#/counterfactuals?row=3&cohort=young`);
    await settings({ theme });
    await page.getByRole('heading', { name: /Why row/ }).waitFor();
    await page.getByRole('img', { name: /Along one feature/ }).waitFor();
    await page.getByRole('button', { name: 'Generate' }).click();
    await page.getByRole('button', { name: 'Pin: Counterfactual 1' }).click();
    await page.getByRole('heading', { name: 'Pinned' }).waitFor();
    expect(await violations(page)).toEqual([]);
    await page.getByRole('button', { name: 'Settings' }).click();
    await page.getByRole('dialog').waitFor();
    expect(await violations(page, true)).toEqual([]);
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'New cohort' }).click();
    await page.getByRole('dialog').waitFor();
    expect(await violations(page, true)).toEqual([]);
    await page.keyboard.press('Escape');
    for (const name of ['explain?part_explain=row&why=4', 'causal?part_causal=what_if', 'data', 'compare']) {
      await page.goto(`${server.url}#/${name}`);
      await page.getByRole('heading', { level: 2 }).first().waitFor();
      await page.waitForTimeout(200);
      expect([name, await violations(page)]).toEqual([name, []]);
    }
  });

  // 1280 px at 200 % are 640 px of the page, at 400 % they are 320 px (WCAG 1.4.4 and 1.4.10).
  it.each([
    ['a phone', 360, 740, 1],
    ['200 % zoom', 640, 450, 2],
    ['400 % zoom', 320, 256, 4],
  ] as const)('%s loses nothing', async (_, width, height, deviceScaleFactor) => {
    const url = fixed(both());
    const page = await open(url, { viewport: { width, height }, deviceScaleFactor });
    for (const name of VIEWS) {
      await show(page, url, name);
      expect([name, await tooWide(page)]).toEqual([name, 0]);
      expect([name, await cutOff(page)]).toEqual([name, []]);
    }
    await page.getByRole('button', { name: 'Menu' }).click();
    await view('Fairness');
    await page.getByRole('heading', { name: 'Fairness' }).waitFor();
  });

  it("text spacing of one's own loses nothing", async () => {
    const url = fixed(both());
    const page = await open(url);
    // WCAG 1.4.12.
    const style =
      '* { line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important; } p { margin-bottom: 2em !important; }';
    for (const name of ['overview', 'fairness', 'explain', 'provenance']) {
      await show(page, url, name);
      await page.addStyleTag({ content: style });
      expect([name, await tooWide(page)]).toEqual([name, 0]);
    }
  });

  it('who wants no motion gets none', async () => {
    const url = fixed(both());
    for (const reducedMotion of ['reduce', 'no-preference'] as const) {
      const page = await open(`${url}#/explain`, { reducedMotion });
      const moving = await page.evaluate(
        () =>
          [...document.querySelectorAll('*')].filter((element) => {
            const { transitionDuration, animationName, scrollBehavior } = getComputedStyle(element);
            return transitionDuration !== '0s' || animationName !== 'none' || scrollBehavior === 'smooth';
          }).length,
      );
      if (reducedMotion === 'reduce') expect(moving).toBe(0);
      await page.context().close();
    }
  });

  it('in the colours of the system marks and states are still seen', async () => {
    const url = fixed(both());
    const page = await open(`${url}#/fairness`, { forcedColors: 'active' });
    const seen = await page.evaluate(() => {
      const ground = getComputedStyle(document.body).backgroundColor;
      const marks = [...document.querySelectorAll('svg.chart .mk, svg.chart .br, svg.chart .ln')];
      const inkOf = (mark: Element): string => {
        const { fill, stroke } = getComputedStyle(mark);
        return fill === 'none' || mark.matches('.ln, .hollow') ? stroke : fill;
      };
      return { n: marks.length, lost: marks.filter((mark) => inkOf(mark) === ground).length };
    });
    expect(seen.n).toBeGreaterThan(2);
    expect(seen.lost).toBe(0);
    expect(
      await page.locator('#nav a[aria-current]').evaluate((e) => getComputedStyle(e).borderInlineStartColor),
    ).not.toBe(
      await page
        .locator('#nav a:not([aria-current])')
        .first()
        .evaluate((e) => getComputedStyle(e).borderInlineStartColor),
    );
  });

  it('the journey is done by keys alone', async () => {
    const server = await live();
    const page = await open(server.url);
    /** Goes from one thing to the next until something of this name has the focus, which must be seen. */
    const reach = async (name: RegExp, key: 'Tab' | 'Shift+Tab' = 'Tab'): Promise<void> => {
      for (let i = 0; i < 60; i++) {
        await page.keyboard.press(key);
        const at = await page.evaluate(nameOfFocus);
        if (!name.test(at.name)) continue;
        expect([at.name, at.isSeen]).toEqual([at.name, true]);
        return;
      }
      throw new Error(`no key leads to ${name.source}`);
    };
    const press = async (name: RegExp, key: 'Tab' | 'Shift+Tab' = 'Tab'): Promise<void> => {
      await reach(name, key);
      await page.keyboard.press('Enter');
    };
    await page.keyboard.press('Tab');
    expect((await page.evaluate(nameOfFocus)).name).toBe('Skip to the results');
    await press(/^Error analysis/);
    await page.getByRole('heading', { level: 2, name: 'Error analysis' }).waitFor();
    await press(/^Use as cohort/);
    await reach(/^Name of the cohort/, 'Shift+Tab');
    await page.keyboard.type('by keys');
    await page.keyboard.press('Enter');
    await page.waitForURL(/cohort=by/);
    await press(/^Fairness/, 'Shift+Tab');
    await page.getByText('Computed on the').waitFor();
    await reach(/^Metric/);
    await page.keyboard.type('Acc');
    await expect.poll(() => page.url()).toContain('metric=accuracy');
    await press(/^Counterfactuals/, 'Shift+Tab');
    await page
      .getByRole('button', { name: /^Row \d+$/ })
      .first()
      .waitFor();
    await press(/^Row \d+$/);
    await page.getByRole('heading', { name: /Why row/ }).waitFor();
    await reach(/^age$/);
    await page.keyboard.press('Control+A');
    await page.keyboard.type('20');
    await page.getByText('Changed', { exact: true }).waitFor();
    await press(/^Explain the change/);
    await page.getByText(/The probability goes from/).waitFor();
    await press(/^Generate/);
    await page.getByText(/Two ways to another prediction/).waitFor();
    const download = page.waitForEvent('download');
    await press(/^Download Why row/, 'Shift+Tab');
    for (const key of ['ArrowDown', 'ArrowDown', 'Enter']) await page.keyboard.press(key);
    expect((await download).suggestedFilename()).toMatch(/\.csv$/);
    // Nothing on the way needed a pointer.
    expect(server.requests).toContain('POST /v1/assessments/0/cohorts');
  });

  it('Arabic runs from right to left, German is German', async () => {
    const url = fixed([makeDocument({ label: (i) => `تسمية طويلة جدا ${i}` })]);
    const page = await open(url);
    await page.getByRole('button', { name: 'Settings' }).click();
    await page.getByLabel('Language', { exact: false }).first().selectOption('ar');
    await page.keyboard.press('Escape');
    await expect.poll(() => page.evaluate(() => document.documentElement.dir)).toBe('rtl');
    await view('مستكشف البيانات');
    await page.getByText('تسمية طويلة جدا 0').first().waitFor();
    expect(await violations(page)).toEqual([]);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    expect(wide).toBe(0);
    for (const name of ['explain', 'errors', 'compare']) {
      await show(page, url, name);
      expect([name, await tooWide(page), await violations(page)]).toEqual([name, 0, []]);
    }
    await page.getByRole('button', { name: 'الإعدادات' }).click();
    await page.getByLabel('اللغة').selectOption('de');
    await page.getByRole('link', { name: 'Überblick' }).waitFor();
  });

  it('what a document says is marked as English in any language of the page', async () => {
    const url = fixed(both());
    const page = await open(url);
    await settings({ language: 'de' });
    for (const name of ['overview', 'errors', 'explain', 'causal']) {
      await show(page, url, name);
      const unmarked = await page.evaluate(() =>
        [...document.querySelectorAll('.note-text, .question, figcaption h3')]
          .filter((element) => /[A-Za-z]{3}/.test(element.textContent ?? ''))
          .filter((element) => !element.closest('[lang="en"]') && !element.querySelector('[lang="en"]'))
          .map((element) => element.textContent),
      );
      // Titles of the page's own figures are German.
      expect(unmarked.filter((text) => text !== 'Einfluss nach Kohorte')).toEqual([]);
    }
  });

  it.each(['en', 'de', 'ar'])('plain language says in every view what it is for, %s', async (language) => {
    const url = fixed(both());
    const page = await open(url);
    const said = new Set<string>();
    await settings({ language, plain: true });
    for (const name of VIEWS.filter((v) => !v.includes('?'))) {
      await show(page, url, name);
      said.add((await page.locator('.explained').first().textContent()) ?? '');
    }
    expect(said.size).toBe(VIEWS.filter((v) => !v.includes('?')).length);
    await settings({ language, plain: false });
    expect(await page.locator('.explained').count()).toBe(0);
  });
});

/** Controls and texts that reach out of the window where nothing scrolls to them. */
async function cutOff(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const isScrolled = (element: Element): boolean => {
      for (let e: Element | null = element; e; e = e.parentElement)
        if (/auto|scroll/.test(getComputedStyle(e).overflowX)) return true;
      return false;
    };
    return [...document.querySelectorAll('button, a, select, input, h2, h3, h4, p, summary')]
      .filter((element) => {
        const box = element.getBoundingClientRect();
        const isSeen = box.width > 1 && box.height > 1 && getComputedStyle(element).visibility !== 'hidden';
        return isSeen && (box.right > window.innerWidth + 1 || box.left < -1) && !isScrolled(element);
      })
      .filter((element) => !element.matches('.skip, .hidden, .hidden *'))
      .map((element) => element.outerHTML.slice(0, 160));
  });
}

/** What has the focus, by the name that is heard, and whether an outline shows it. */
function nameOfFocus(): { name: string; isSeen: boolean } {
  const at = document.activeElement;
  if (!(at instanceof HTMLElement)) return { name: '', isSeen: false };
  const labels = at instanceof HTMLInputElement || at instanceof HTMLSelectElement ? at.labels : null;
  const name = at.getAttribute('aria-label') ?? labels?.[0]?.textContent ?? at.textContent ?? '';
  const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(at);
  const isOutlined = outlineStyle !== 'none' && parseFloat(outlineWidth) >= 1.5;
  const box = at.getBoundingClientRect();
  return { name: name.trim(), isSeen: (isOutlined || boxShadow !== 'none') && box.width > 0 };
}
