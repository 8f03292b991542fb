// Pictures of every view, for the eyes of the author: node scripts/look.mjs OUT DIR...
import { mkdirSync } from 'node:fs';
import { documentsFrom, launch, writePage } from './browser.mjs';

const [out, ...folders] = process.argv.slice(2);
const views = (
  process.env.VIEWS ??
  'overview,performance,fairness,errors,data,explain,counterfactuals,causal,compare,provenance'
).split(',');
const sizes = (process.env.SIZES ?? '1280,1920,390').split(',').map(Number);
const themes = (process.env.THEMES ?? 'light,dark').split(',');
mkdirSync(out, { recursive: true });
const page = writePage(documentsFrom(folders));
const browser = await launch();
for (const theme of themes)
  for (const width of sizes) {
    const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme: theme });
    const tab = await context.newPage();
    tab.on('pageerror', (error) => console.log('ERROR', error.message));
    tab.on('console', (m) => m.type() === 'error' && console.log('CONSOLE', m.text()));
    for (const view of views) {
      await tab.goto(`${page.url}#/${view}`);
      await tab.waitForTimeout(350);
      const wide = await tab.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      if (wide > 0) console.log(`${view} at ${width}: ${wide} px too wide`);
      await tab.screenshot({
        path: `${out}/${view}-${width}-${theme}.png`,
        fullPage: process.env.FULL !== '0',
      });
    }
    await context.close();
  }
await browser.close();
page.remove();
