// Opens a notebook in JupyterLab, runs it, and follows a link of the dashboard in a cell's output. Called by
// test_notebook.py with the address; the driver is that of web/node_modules.
import { createRequire } from 'node:module';

const require = createRequire(new URL('../../../web/package.json', import.meta.url));
const { chromium } = require('playwright-core');

const [, , address, executablePath] = process.argv;
const args = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'];
const browser = await chromium.launch({ executablePath, args: [...args, '--disable-component-update', '--disable-sync'] });
try {
  const page = await browser.newPage({ viewport: { width: 1400, height: 1000 } });
  await page.goto(address, { timeout: 90_000 });
  await page.waitForSelector('.jp-Notebook .jp-Cell', { timeout: 90_000 });
  const news = page.getByRole('button', { name: 'No', exact: true });
  await news.first().click({ timeout: 5_000 }).catch(() => undefined);
  await page.locator('.jp-Cell').first().click();
  await page.keyboard.press('Escape');
  await page.getByRole('menuitem', { name: 'Run', exact: true }).click();
  await page.getByText('Run All Cells', { exact: true }).click();
  const frame = page.frameLocator('iframe[title="Assessment"]');
  await frame.getByRole('heading', { name: 'Overview' }).waitFor({ timeout: 120_000 });
  await frame.getByRole('navigation').getByText('Fairness').first().click();
  await frame.getByText('Does the model treat groups of people alike').first().waitFor({ timeout: 20_000 });
  await page.locator('.jp-OutputArea svg').first().waitFor({ timeout: 20_000 });
  console.log('seen');
} finally {
  await browser.close();
}
