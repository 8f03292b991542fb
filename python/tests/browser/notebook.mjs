// Opens a notebook in JupyterLab or Notebook 7, runs it, and uses the dashboard in a cell's output, or watches the bar that tells
// how far a run is. Called by test_notebook.py with the address and `static`, `live` or `progress`; the driver is that of
// web/node_modules.
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
  if (mode === 'progress') await watch(page);
  const asked = requestsOfFrames(page);
  await page.getByRole('menuitem', { name: 'Run', exact: true }).click();
  await page.getByText('Run All Cells', { exact: true }).click();
  await (mode === 'progress' ? judge(page) : look(page));
  if (asked.length) throw new Error(`the dashboard's frame asked the network for ${asked}`);
  if (process.env.EQUIPOISE_SHOT) await page.screenshot({ path: process.env.EQUIPOISE_SHOT });
  console.log('seen');
} catch (error) {
  if (process.env.EQUIPOISE_SHOT) await browser.contexts()[0]?.pages()[0]?.screenshot({ path: process.env.EQUIPOISE_SHOT });
  throw error;
} finally {
  await browser.close();
}

// Keeps what bars are shown from now on: the words, and the width of what is filled in as the browser draws it.
async function watch(page) {
  await page.evaluate(() => {
    window.bars = [];
    const look = () => {
      const all = document.querySelectorAll('.jp-OutputArea progress');
      if (all.length > 1) window.bars.push({ problem: `${all.length} bars at once` });
      for (const bar of all) {
        const { width, height } = bar.getBoundingClientRect();
        const seen = { says: bar.closest('label')?.textContent.trim(), value: bar.value, isDrawn: width > 50 && height > 3 };
        if (JSON.stringify(seen) !== JSON.stringify(window.bars.at(-1))) window.bars.push(seen);
      }
    };
    new MutationObserver(look).observe(document.body, { subtree: true, childList: true, attributes: true });
  });
}

// Holds what was seen against what a bar is for.
async function judge(page) {
  await page.locator('.jp-OutputArea').getByText('the run is over').waitFor({ timeout: 120_000 });
  const bars = await page.evaluate(() => window.bars);
  const told = `${JSON.stringify(bars.slice(0, 40))} (${bars.length})`;
  const problem = bars.find((bar) => bar.problem);
  if (problem) throw new Error(problem.problem);
  if (!bars.length || !bars.every((bar) => bar.says && bar.isDrawn)) throw new Error(`no bar with words was drawn: ${told}`);
  const steps = new Map();
  for (const bar of bars) steps.set(bar.says, [...(steps.get(bar.says) ?? []), bar]);
  if (steps.size < 3) throw new Error(`the bar told fewer than three steps: ${told}`);
  for (const [says, seen] of steps) {
    const values = seen.map((bar) => bar.value);
    // A step may come again, from nothing.
    const isBack = values.some((value, i) => i > 0 && value < values[i - 1] && value !== 0);
    if (isBack) throw new Error(`the bar of "${says}" went back: ${values}`);
  }
  if (Math.max(...[...steps.values()].map((seen) => new Set(seen.map((bar) => bar.value)).size)) < 4)
    throw new Error(`the bar did not move: ${told}`);
  const left = await page.locator('.jp-OutputArea progress').count();
  if (left) throw new Error('the bar is still there when the run is over');
  // What it leaves takes no room to speak of.
  const heights = await page.locator('.jp-OutputArea-child').evaluateAll((all) =>
    all.filter((one) => !one.textContent.trim()).map((one) => one.getBoundingClientRect().height),
  );
  if (Math.max(0, ...heights) > 12) throw new Error(`an empty output of ${heights} pixels is left`);
}

// What a frame without an address of its own asks the network for, from now on: nothing, since what the dashboard asks goes over
// the notebook's own channel, and no proxy stands in its way.
function requestsOfFrames(page) {
  const asked = [];
  page.on('request', (request) => {
    const isInside = request.frame().parentFrame() !== null;
    if (isInside && !/^(about|data|blob):/.test(request.url())) asked.push(request.url());
  });
  return asked;
}

async function look(page) {
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
}
