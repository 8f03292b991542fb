// Opens a notebook in JupyterLab or Notebook 7, runs it, and uses the dashboard in a cell's output. Called by test_notebook.py with
// the address and `static` or `live`; the driver is that of web/node_modules.
import { createRequire } from 'node:module';

const require = createRequire(new URL('../../../web/package.json', import.meta.url));
const { chromium } = require('playwright-core');

const [, , address, mode, executablePath] = process.argv;
const args = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'];
const browser = await chromium.launch({ executablePath, args: [...args, '--disable-component-update', '--disable-sync'] });
try {
  const page = await browser.newPage({ viewport: { width: 1400, height: 1000 } });
  await page.goto(address, { timeout: 90_000 });
  await page.waitForSelector('.jp-Notebook .jp-Cell', { timeout: 150_000 });
  const news = page.getByRole('button', { name: 'No', exact: true });
  await news.first().click({ timeout: 5_000 }).catch(() => undefined);
  await page.locator('.jp-Cell').first().click();
  await page.keyboard.press('Escape');
  await page.getByRole('menuitem', { name: 'Run', exact: true }).click();
  await page.getByText('Run All Cells', { exact: true }).click();
  const frame = page.frameLocator('iframe[title="Assessment"]');
  await frame.getByRole('heading', { name: 'Overview' }).waitFor({ timeout: 120_000 });
  if (mode === 'live') {
    // What only a session with data and model can say: rows of a condition that nobody asked for before.
    await frame.getByRole('button', { name: 'New cohort' }).click();
    const dialog = frame.getByRole('dialog');
    await dialog.getByRole('button', { name: 'By writing' }).click();
    await dialog.getByRole('textbox').fill('x > 2 AND nothing = 1');
    await dialog.getByText('there is no column').first().waitFor({ timeout: 20_000 });
    await dialog.getByRole('textbox').fill("x > 2 AND sex = 'm'");
    await dialog.getByText(/error rate/i).first().waitFor({ timeout: 20_000 });
    await dialog.getByRole('button', { name: 'Use', exact: true }).click();
    const bar = frame.getByRole('region', { name: 'Cohort' });
    await bar.filter({ hasText: '30 rows' }).waitFor({ timeout: 20_000 });
    await bar.getByLabel('Name of the cohort').fill('some');
    await bar.getByRole('button', { name: 'Save as cohort' }).click();
    await bar.getByRole('button', { name: 'Delete' }).waitFor({ timeout: 20_000 });
    // An analysis of those rows, which asks the model in this session.
    await frame.getByRole('navigation').getByText('Performance').first().click();
    await frame.getByRole('heading', { name: 'Performance' }).first().waitFor({ timeout: 30_000 });
  } else {
    await frame.getByRole('navigation').getByText('Fairness').first().click();
    await frame.getByText('Does the model treat groups of people alike').first().waitFor({ timeout: 20_000 });
    await page.locator('.jp-OutputArea svg').first().waitFor({ timeout: 20_000 });
  }
  if (process.env.EQUIPOISE_SHOT) await page.screenshot({ path: process.env.EQUIPOISE_SHOT });
  console.log('seen');
} catch (error) {
  if (process.env.EQUIPOISE_SHOT) await browser.contexts()[0]?.pages()[0]?.screenshot({ path: process.env.EQUIPOISE_SHOT });
  throw error;
} finally {
  await browser.close();
}
