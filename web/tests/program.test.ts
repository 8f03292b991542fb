/** The same journey against the program itself, over its bundled sample. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { browserPath, launch, pageWith } from '../scripts/browser.mjs';

const program = [process.env.EQUIPOISE, '../target/debug/equipoise', '../target/release/equipoise']
  .filter((path) => path !== undefined)
  .map((path) => (path.startsWith('/') ? path : fileURLToPath(new URL(`../${path}`, import.meta.url))))
  .find((path) => existsSync(path));
const canRun = program !== undefined && browserPath() !== null;
if (!canRun) process.stderr.write('skipped: the journey through the program needs it built, and Chromium\n');

describe.skipIf(!canRun)('the program', () => {
  const folder = mkdtempSync(join(tmpdir(), 'equipoise-open-'));
  let server: ChildProcess | null = null;
  let browser: Browser;
  let address = '';

  beforeAll(async () => {
    const assessment = join(folder, 'demo');
    execFileSync(program ?? '', ['demo', '-o', assessment, '--quiet'], { stdio: 'ignore' });
    const opened = spawn(program ?? '', ['open', '--no-browser', assessment], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    server = opened;
    address = await new Promise((done) =>
      opened.stdout.once('data', (said: Buffer) => done(said.toString().trim())),
    );
    browser = await launch();
  });
  afterAll(async () => {
    await browser?.close();
    server?.kill();
    rmSync(folder, { recursive: true, force: true });
  });

  it('is asked about the worst leaf, a row, and what would change it', async () => {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
    const page = await context.newPage();
    page.setDefaultTimeout(30_000);
    const faults: string[] = [];
    page.on('pageerror', (error) => faults.push(error.message));
    page.on('response', (response) => {
      if (response.status() >= 400) faults.push(`${response.status()} ${response.url()}`);
    });
    const { pathname, searchParams } = new URL(address);
    // The program may have been built before this page was: what is tested is this page.
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
    await page.goto(`${address}#/errors`);
    await page
      .getByRole('complementary', { name: 'Node' })
      .getByRole('button', { name: /Use as cohort/ })
      .click();
    const bar = page.getByRole('region', { name: 'Cohort' });
    await bar.getByText(/of all rows/).waitFor();
    await bar.getByLabel('Name of the cohort').fill('worst leaf');
    await bar.getByRole('button', { name: 'Save as cohort' }).click();
    await page.waitForURL(/cohort=worst/);
    await page.getByRole('navigation').getByRole('link', { name: 'Fairness' }).click();
    await page.getByText('Computed on the').waitFor();
    await page
      .getByRole('navigation')
      .getByRole('link', { name: /Counterfactuals/ })
      .click();
    await page
      .getByRole('button', { name: /^Row \d+$/ })
      .first()
      .click();
    await page.getByRole('img', { name: /Why row/ }).waitFor();
    await page.getByLabel('age', { exact: true }).fill('77');
    await page.getByText('Changed', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Pin', exact: true }).click();
    await page.getByRole('region', { name: 'Pinned' }).getByText('age = 77').waitFor();
    await page.getByRole('img', { name: /^Along one feature: / }).waitFor();
    await page.getByRole('button', { name: 'Explain the change' }).click();
    await page.getByRole('heading', { name: /as it is and edited/ }).waitFor();
    await page.getByRole('button', { name: 'Generate' }).click();
    await page.getByRole('heading', { name: /what would have changed the prediction/ }).waitFor();
    await page.getByRole('button', { name: 'Pin: Counterfactual 1' }).click();
    await page.reload();
    await page.getByRole('heading', { name: /Why row/ }).waitFor();
    expect(await page.getByRole('region', { name: 'Pinned' }).getByRole('listitem').count()).toBe(2);
    await page.getByRole('navigation').getByRole('link', { name: 'Performance' }).click();
    await page.getByRole('button', { name: 'Keep this result' }).click();
    await page.getByText('Kept with the assessment').waitFor();
    await page.reload();
    await page.getByRole('heading', { name: 'Kept results' }).waitFor();
    expect(faults).toEqual([]);
    await context.close();
  });

  it('shows a stranger the page and no result', async () => {
    const { origin, pathname } = new URL(address);
    const response = await fetch(`${origin}${pathname}`, { headers: { Accept: 'text/html' } });
    const text = await response.text();
    expect(response.status).toBe(401);
    expect(text).not.toContain(new URL(address).searchParams.get('token'));
    expect((await fetch(`${origin}/v1/assessments`)).status).toBe(401);
  });

  it('goes on without the files that lay beside a document', async () => {
    const [first, second] = [join(folder, 'demo'), join(folder, 'later')];
    cpSync(first, second, { recursive: true });
    rmSync(join(second, 'artifacts'), { recursive: true });
    const opened = spawn(program ?? '', ['open', '--no-browser', first, second], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    try {
      const url = await new Promise<string>((done) =>
        opened.stdout.once('data', (said: Buffer) => done(said.toString().trim())),
      );
      const { pathname, searchParams } = new URL(url);
      const context = await browser.newContext();
      const page = await context.newPage();
      page.setDefaultTimeout(30_000);
      await page.route(
        (asked) => asked.pathname === pathname,
        (route) =>
          route.fulfill({
            contentType: 'text/html',
            body: pageWith('equipoise-config', { base: '', token: searchParams.get('token') }),
          }),
      );
      await page.goto(`${url}#/compare?a=1`);
      await page.getByRole('combobox', { name: 'later with' }).waitFor();
      await page.getByRole('region', { name: 'Two assessments' }).getByRole('rowheader').first().waitFor();
      await page.getByRole('navigation').getByRole('link', { name: 'Feature importance' }).click();
      await page.getByRole('img', { name: 'What drives the predictions?' }).waitFor();
      await context.close();
    } finally {
      opened.kill();
    }
  });
});
