/**
 * The journey on a million rows, against the program itself: `EQUIPOISE_LARGE=1000000 npx vitest run tests/large.test.ts`.
 * It tells what the page waited for at each step, as somebody at the screen sees it; that is for reading, not for passing.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { browserPath, launch, pageWith } from '../scripts/browser.mjs';
import { writeLarge } from '../scripts/large.mjs';

const wanted = process.env.EQUIPOISE_LARGE ?? '';
const rows = /^\d{4,}$/.test(wanted) ? Number(wanted) : 1_000_000;
const program = process.env.EQUIPOISE ?? '';
const canRun = wanted !== '' && program !== '' && browserPath() !== null;
if (wanted !== '' && !canRun)
  process.stderr.write('skipped: a large journey needs `EQUIPOISE` to name the program, and Chromium\n');

describe.skipIf(!canRun)('a large set', () => {
  const folder = mkdtempSync(join(tmpdir(), 'equipoise-large-'));
  const assessment = process.env.EQUIPOISE_LARGE_DIR ?? join(folder, 'large');
  let server: ChildProcess | null = null;
  let browser: Browser;
  let page: Page;
  let address = '';
  const waits: [string, number][] = [];
  const faults: string[] = [];

  /** Does something and notes how long it took until it could be seen. */
  const timed = async (says: string, act: () => Promise<void>): Promise<void> => {
    const begin = performance.now();
    await act();
    waits.push([says, performance.now() - begin]);
    const shots = process.env.EQUIPOISE_SHOTS;
    if (shots) await page.screenshot({ path: join(shots, `${says.replace(/\W+/g, '-')}.png`) });
  };

  beforeAll(async () => {
    if (process.env.EQUIPOISE_LARGE_DIR === undefined) {
      const spec = await writeLarge(folder, rows);
      const only = ['performance', 'fairness', 'errors', 'explorer', 'explain'].flatMap((a) => ['--only', a]);
      execFileSync(program, ['assess', spec, '-o', assessment, '--quiet', '--format', 'json', ...only], {
        stdio: 'ignore',
      });
    }
    const opened = spawn(program, ['open', '--no-browser', assessment], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    server = opened;
    address = await new Promise((done) =>
      opened.stdout.once('data', (said: Buffer) => done(said.toString().trim())),
    );
    browser = await launch();
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
    page = await context.newPage();
    page.setDefaultTimeout(120_000);
    page.on('pageerror', (error) => faults.push(error.message));
    page.on('response', (response) => {
      if (response.status() >= 400) faults.push(`${response.status()} ${response.url()}`);
    });
    const { pathname, searchParams } = new URL(address);
    await page.route(
      (url) => url.pathname === pathname,
      (route) =>
        route.fulfill({
          contentType: 'text/html',
          body: pageWith('equipoise-config', {
            base: pathname.replace(/\/$/, ''),
            token: searchParams.get('token'),
          }),
        }),
    );
  }, 900_000);
  afterAll(async () => {
    await browser?.close();
    server?.kill();
    rmSync(folder, { recursive: true, force: true });
    for (const [says, ms] of waits)
      process.stdout.write(`${(ms / 1000).toFixed(2).padStart(8)} s  ${says}\n`);
  });

  it('is walked through from the worst leaf to a file', { timeout: 900_000 }, async () => {
    const view = (name: RegExp): Promise<void> => page.locator('#nav').getByRole('link', { name }).click();
    const bar = page.getByRole('region', { name: 'Cohort' });
    await timed('the first view', async () => {
      await page.goto(address);
      await page.getByRole('heading', { level: 3, name: 'Key numbers' }).waitFor();
    });
    await timed('data and model opened, all rows counted', async () => {
      await bar.getByText(/Error rate/).waitFor();
    });
    await timed('the error tree', async () => {
      await view(/Error analysis/);
      await page.getByRole('complementary', { name: 'Node' }).waitFor();
    });
    const leaf = page.getByRole('complementary', { name: 'Node' });
    await timed('the worst leaf as a cohort: its rows and errors', async () => {
      await leaf.getByRole('button', { name: /Use as cohort/ }).click();
      await bar.getByText(/of all rows/).waitFor();
    });
    await timed('the error analysis of the cohort', () => page.getByText('Computed on the').waitFor());
    await timed('the cohort saved', async () => {
      await bar.getByLabel('Name of the cohort').fill(`worst leaf ${Date.now()}`);
      await bar.getByRole('button', { name: 'Save as cohort' }).click();
      await page.waitForURL(/cohort=worst/);
    });
    await timed('fairness within the cohort', async () => {
      await view(/Fairness/);
      await page.getByRole('heading', { level: 2, name: 'Fairness' }).waitFor();
      await page.getByText('Computed on the').waitFor();
    });
    // What is slow holds nothing else up: the frame answers while numbers are on their way.
    await timed('a large cohort: its rows and errors', async () => {
      await page.goto(`${address.split('#')[0]}#/fairness?where=${encodeURIComponent('age > 30')}`);
      await bar.getByText(/of all rows/).waitFor();
    });
    await timed('another view while fairness is computed', async () => {
      await view(/Provenance/);
      await page.getByRole('heading', { level: 2, name: 'Provenance' }).waitFor();
    });
    await timed('fairness within the large cohort', async () => {
      await view(/Fairness/);
      await page.getByText('Computed on the').waitFor();
    });
    await timed('a page of rows', async () => {
      await page.goto(`${address.split('#')[0]}#/counterfactuals`);
      await page
        .getByRole('button', { name: /^Row \d+$/ })
        .first()
        .waitFor();
    });
    await timed('the last rows', async () => {
      const table = page.getByRole('region', { name: 'Rows', exact: true });
      for (let i = 0; i < 3; i++) {
        const later = page.getByRole('button', { name: 'Later rows' });
        if (!(await later.isVisible())) break;
        await later.click();
      }
      await table.evaluate((element) => element.scrollTo({ top: element.scrollHeight }));
      await page.getByRole('button', { name: `Row ${rows - 1}`, exact: true }).waitFor();
    });
    await timed('why the last row is predicted so', async () => {
      await page.getByRole('button', { name: `Row ${rows - 1}`, exact: true }).click();
      await page.getByRole('img', { name: /Why row/ }).waitFor();
    });
    await timed('the prediction of another value', async () => {
      await page.getByLabel('age', { exact: true }).fill('77');
      await page.getByText('Changed', { exact: true }).waitFor();
    });
    await timed('the change explained', async () => {
      await page.getByRole('button', { name: 'Explain the change' }).click();
      await page.getByRole('heading', { name: /as it is and edited/ }).waitFor();
    });
    await timed('the smallest changes found', async () => {
      await page.getByRole('button', { name: 'Generate' }).click();
      await page.getByRole('heading', { name: /what would have changed the prediction/ }).waitFor();
    });
    await timed('a file', async () => {
      await page
        .getByRole('button', { name: /^Download Why row/ })
        .first()
        .click();
      const download = page.waitForEvent('download');
      await page.getByRole('menuitem', { name: 'Picture (SVG)' }).click();
      expect(statSync(await (await download).path()).size).toBeGreaterThan(1000);
    });
    expect(faults).toEqual([]);
  });
});
