/** What people do, in a real browser. */
import axeCore from 'axe-core';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { browserPath, launch, pageWith, writePage } from '../scripts/browser.mjs';
import { makeDocument } from './sample';
import { startServer, type Fake } from './server';

const hasBrowser = browserPath() !== null;
if (!hasBrowser) process.stderr.write('skipped: journeys need Chromium; name one with `CHROMIUM`\n');

/** Violations of WCAG 2.2 AA on the page as it stands. */
async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axeCore.source);
  return page.evaluate(async () => {
    const { axe } = window as unknown as { axe: typeof axeCore };
    const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
    const found = await axe.run(document, { runOnly: { type: 'tag', values: tags } });
    return found.violations.flatMap((v) =>
      v.nodes.map((n) => `${v.id}: ${n.target.join(' ')} ${n.failureSummary ?? ''}`),
    );
  });
}

describe.skipIf(!hasBrowser)('in a browser', () => {
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  let faults: string[] = [];
  const servers: Fake[] = [];
  const pages: { remove: () => void }[] = [];

  const open = async (url: string, options: Parameters<Browser['newContext']>[0] = {}): Promise<Page> => {
    context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
    page = await context.newPage();
    page.setDefaultTimeout(20_000);
    faults = [];
    page.on('pageerror', (error) => faults.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error' && !message.text().includes('Failed to load resource'))
        faults.push(message.text());
    });
    await page.goto(url);
    await page.getByRole('heading', { level: 2 }).first().waitFor();
    return page;
  };
  const live = async (n = 2000): Promise<Fake> => {
    const server = await startServer(n);
    servers.push(server);
    return server;
  };
  const fixed = (documents: unknown[]): string => {
    const written = writePage(
      documents.map((document, i) => ({ id: String(i), name: `assessment ${i}`, document })),
    );
    pages.push(written);
    return written.url;
  };
  const view = async (name: string): Promise<void> => {
    await page.getByRole('navigation').getByRole('link', { name }).click();
  };

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

  it('from the worst slice to a saved cohort, fairness, a row, what if, and a file', async () => {
    const server = await live();
    await open(server.url);
    await expect.poll(() => page.title()).toContain('people');
    await view('Error analysis');
    const facts = page.getByRole('complementary', { name: 'Node' });
    await facts.getByText('married = yes and age > 30').waitFor();
    await facts.getByRole('button', { name: /Use as cohort/ }).click();
    const bar = page.getByRole('region', { name: 'Cohort' });
    await bar.getByText('"married" = \'yes\' and "age" > 30').waitFor();
    await bar.getByLabel('Name of the cohort').fill('young');
    await bar.getByRole('button', { name: 'Save as cohort' }).click();
    await bar.getByText('there is a cohort `young` already'.replaceAll('`', '')).waitFor();
    await bar.getByLabel('Name of the cohort').fill('worst');
    await bar.getByRole('button', { name: 'Save as cohort' }).click();
    await expect.poll(() => page.url()).toContain('cohort=worst');
    expect(server.requests).toContain('POST /v1/assessments/0/cohorts');

    await view('Fairness');
    await page.getByText('Computed on the').waitFor();
    await page
      .getByText(/11\.0\s%.*42\.0\s%/)
      .first()
      .waitFor();
    await page.getByLabel('Metric').first().selectOption('accuracy');
    await expect.poll(() => page.url()).toContain('metric=accuracy');

    await view('Counterfactuals & what-if');
    await page
      .getByRole('button', { name: /^Row \d+$/ })
      .first()
      .click();
    await page.getByRole('heading', { name: /Why row/ }).waitFor();
    await page.getByText('As it is').waitFor();
    await page.getByLabel('age').fill('20');
    await page.getByText('Changed').waitFor();
    await page.getByRole('button', { name: 'Explain the change' }).click();
    await page.getByText(/The probability goes from/).waitFor();
    await page.getByRole('button', { name: 'Pin', exact: true }).click();
    await page.getByText('age = 20').first().waitFor();
    await page.getByRole('button', { name: 'Generate' }).click();
    await page.getByText(/Two ways to another prediction/).waitFor();

    await page
      .getByRole('button', { name: /^Download Why row/ })
      .first()
      .click();
    const download = page.waitForEvent('download');
    await page.getByRole('menuitem', { name: 'Picture (SVG)' }).click();
    expect((await download).suggestedFilename()).toMatch(/^Why-row-\d+\.svg$/);
  });

  it('a cohort by clicking, its size while it is built, and its removal', async () => {
    const server = await live();
    await open(server.url);
    await page.getByRole('button', { name: 'New cohort' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('age Value').fill('30');
    await dialog.getByText(/error rate/i).waitFor();
    expect(await violations(page)).toEqual([]);
    await dialog.getByRole('button', { name: 'By writing' }).click();
    await dialog.getByRole('textbox').fill('agee < 30');
    await dialog.getByText('is not in the dataset').waitFor();
    await dialog.getByRole('textbox').fill("age < 30 AND sex IN ('Female')");
    await dialog.getByRole('button', { name: 'Use', exact: true }).click();
    const bar = page.getByRole('region', { name: 'Cohort' });
    await bar.getByLabel('Name of the cohort').fill('young women');
    await bar.getByRole('button', { name: 'Save as cohort' }).click();
    await bar.getByRole('button', { name: 'Delete' }).click();
    await expect.poll(() => page.url()).not.toContain('cohort=');
  });

  it('long work shows its progress, can be cancelled, and is kept', async () => {
    const server = await live();
    await open(server.url);
    await view('Causal');
    await page.getByRole('button', { name: 'Run this analysis' }).click();
    await page.getByText('rows looked at').waitFor();
    await page.getByRole('button', { name: 'Cancel' }).click();
    await expect.poll(() => server.requests.some((r) => r.startsWith('DELETE /v1/jobs/'))).toBe(true);
    await page.getByRole('button', { name: 'Run this analysis' }).click();
    await page.getByRole('heading', { name: 'Made causal' }).waitFor();
    await page.goto(`${server.url}#/performance?cohort=young`);
    await page.getByRole('button', { name: 'Keep this result' }).click();
    await page.getByText('Kept with the assessment').waitFor();
    await page.reload();
    await page.getByRole('heading', { name: 'Kept results' }).waitFor();
  });

  it('a million rows are scrolled through', async () => {
    const server = await live(1_000_000);
    await open(`${server.url}#/counterfactuals`);
    await page.getByText('Rows 1 to 300,000 of 1,000,000').waitFor();
    const table = page.getByRole('region', { name: 'Rows', exact: true });
    await table.evaluate((element) => element.scrollTo({ top: 4_000_000 }));
    await page
      .getByRole('button', { name: /^Row 117[56]\d\d$/ })
      .first()
      .waitFor();
    await page.getByRole('button', { name: 'Later rows' }).click();
    await page.getByText('Rows 300,001 to 600,000 of 1,000,000').waitFor();
  });

  it('a server that goes away is missed, and found again', async () => {
    const server = await live();
    await open(server.url);
    server.setGone(true);
    await page.goto(`${server.url}#/fairness?cohort=young`).catch(() => undefined);
    await page.evaluate(() => (window.location.hash = '#/fairness?cohort=young'));
    await page.getByText('The server does not answer').waitFor();
    server.setGone(false);
    await page.getByText('The server does not answer').waitFor({ state: 'detached' });
    await page.getByText('Computed on the').waitFor();
  });

  it.each(['light', 'dark', 'contrast'] as const)('every view is accessible, %s', async (theme) => {
    const url = fixed([makeDocument(), makeDocument()]);
    await open(url);
    await page.evaluate(
      (wanted) =>
        localStorage.setItem(
          'equipoise-settings',
          JSON.stringify({ theme: wanted, language: 'en', plain: true }),
        ),
      theme,
    );
    await page.reload();
    for (const name of [
      'overview',
      'performance',
      'fairness',
      'errors',
      'data',
      'counterfactuals',
      'causal',
      'compare',
      'provenance',
    ]) {
      await page.goto(`${url}#/${name}`);
      await page.getByRole('heading', { level: 2 }).first().waitFor();
      expect([name, await violations(page)]).toEqual([name, []]);
    }
  });

  it('a live row and its panels are accessible', async () => {
    const server = await live();
    await open(`${server.url}#/counterfactuals?row=3&cohort=young`);
    await page.getByRole('heading', { name: /Why row/ }).waitFor();
    expect(await violations(page)).toEqual([]);
  });

  it('a phone and 200 % zoom lose nothing', async () => {
    const url = fixed([makeDocument()]);
    await open(url, { viewport: { width: 360, height: 740 } });
    for (const name of ['overview', 'performance', 'fairness', 'errors', 'data', 'compare', 'provenance']) {
      await page.goto(`${url}#/${name}`);
      await page.getByRole('heading', { level: 2 }).first().waitFor();
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      expect([name, wide]).toEqual([name, 0]);
    }
    await page.getByRole('button', { name: 'Menu' }).click();
    await view('Fairness');
    await page.getByRole('heading', { name: 'Fairness' }).waitFor();
  });

  it('Arabic runs from right to left, German is German', async () => {
    const url = fixed([makeDocument({ label: (i) => `تسمية طويلة جدا ${i}` })]);
    await open(url);
    await page.getByRole('button', { name: 'Settings' }).click();
    await page.getByLabel('Language', { exact: false }).first().selectOption('ar');
    await page.keyboard.press('Escape');
    await expect.poll(() => page.evaluate(() => document.documentElement.dir)).toBe('rtl');
    await view('مستكشف البيانات');
    await page.getByText('تسمية طويلة جدا 0').first().waitFor();
    expect(await violations(page)).toEqual([]);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    expect(wide).toBe(0);
    await page.getByRole('button', { name: 'الإعدادات' }).click();
    await page.getByLabel('اللغة').selectOption('de');
    await page.getByRole('link', { name: 'Überblick' }).waitFor();
  });

  it('charts are walked by keys and turn into tables', async () => {
    await open(`${fixed([makeDocument()])}#/fairness`);
    const chart = page.getByRole('img', { name: /Selection rate · sex/ });
    await chart.focus();
    await page.keyboard.press('ArrowRight');
    await page
      .getByText(/^Female: 9\.0\s% \[7\.0, 11\.0\]/)
      .first()
      .waitFor();
    await page.getByRole('button', { name: /^Table: Selection rate · sex/ }).click();
    await page.getByRole('columnheader', { name: 'Accuracy' }).waitFor();
    await page.getByRole('slider', { name: 'Threshold' }).fill('0.3');
    await page.getByText(/nearest computed threshold, 30/).waitFor();
    expect(page.url()).toContain('threshold=0.3');
  });

  it('a file says what needs the server', async () => {
    await open(`${fixed([makeDocument()])}#/performance?cohort=young`);
    await page.getByRole('heading', { name: 'What the document holds about “young”' }).waitFor();
    await page.getByText('to recompute the rest needs the live server').waitFor();
    await view('Counterfactuals');
    await page.getByText('This needs the live server').first().waitFor();
  });

  it('500 columns, 10,000 categories and long names are legible', async () => {
    const long = 'a name that goes on and on '.repeat(12);
    const url = fixed([makeDocument({ columns: 500, categories: 10_000, label: (i) => `${long}${i}` })]);
    const start = Date.now();
    await open(`${url}#/data`);
    await page.getByText('9960 more are in the table').waitFor();
    expect(Date.now() - start).toBeLessThan(10_000);
    await page.getByRole('combobox', { name: 'Column' }).fill('column 499');
    await page.getByRole('option', { name: 'column 499' }).click();
    await page.getByRole('heading', { name: 'Distribution of column 499' }).waitFor();
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    expect(wide).toBe(0);
  });

  it('a broken document says what is broken; what is whole is shown', async () => {
    const broken = makeDocument() as unknown as { sections: unknown[] };
    broken.sections.push(
      { title: 'no id' },
      {
        id: 'future',
        title: 'Future',
        blocks: [{ id: 'b', title: 'A new picture', says: '', kind: 'hologram', table: 't' }],
        tables: [{ id: 't', title: 'T', columns: [{ id: 'c', title: 'C', type: 'text', values: ['kept'] }] }],
      },
    );
    const url = fixed([broken]);
    await open(url);
    await page.getByText('Parts of the document could not be read').waitFor();
    await view('Future');
    await page.getByRole('rowheader', { name: 'kept' }).waitFor();
    const bad = writePage('not a list');
    pages.push(bad);
    await page.goto(bad.url);
    await page.getByText('the documents in the page are not a JSON list').waitFor();
  });

  it('in a frame of another page, links stay in the frame', async () => {
    const inner = pageWith('equipoise-documents', [{ id: '0', name: 'framed', document: makeDocument() }]);
    const quoted = inner.replaceAll('&', '&amp;').replaceAll('"', '&quot;');
    context = await browser.newContext();
    page = await context.newPage();
    faults = [];
    await page.setContent(
      `<h1>Notebook</h1><iframe sandbox="allow-scripts" srcdoc="${quoted}" width="1200" height="700">`,
    );
    const frame = page.frameLocator('iframe');
    await frame.getByRole('navigation').getByRole('link', { name: 'Error analysis' }).click();
    await frame.getByRole('heading', { level: 2, name: 'Error analysis' }).waitFor();
  });

  it('links in the page lead to the same view again', async () => {
    const url = fixed([makeDocument()]);
    await open(`${url}#/fairness?metric=accuracy&cohort=young`);
    expect(await page.getByLabel('Metric').first().inputValue()).toBe('accuracy');
    expect(await page.getByRole('combobox', { name: 'Cohort' }).inputValue()).toBe('=young');
  });
});
