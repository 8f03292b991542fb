// Pictures for the pages of the repository: node scripts/screenshots.mjs OUT DIR...
// The first folder is shown by the pictures; further ones are there to compare with.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { documentsFrom, launch, writePage } from './browser.mjs';

const [out = '../docs/images', ...folders] = process.argv.slice(2);
if (folders.length === 0) {
  console.error(
    'error: no assessment is named\nhint: node scripts/screenshots.mjs ../docs/images ../demo-assessment',
  );
  process.exit(2);
}
const SHOTS = [
  { name: 'dashboard-errors', hash: '#/errors', height: 980 },
  { name: 'dashboard-fairness', hash: '#/fairness?metric=true_positive_rate', height: 1060 },
  { name: 'dashboard-dark', hash: '#/explain', height: 900, theme: 'dark' },
];

mkdirSync(out, { recursive: true });
const page = writePage(documentsFrom(folders));
const browser = await launch();
for (const { name, hash, height, theme = 'light' } of SHOTS) {
  const context = await browser.newContext({ viewport: { width: 1280, height }, colorScheme: theme });
  const tab = await context.newPage();
  await tab.goto(page.url + hash);
  await tab.getByRole('heading', { level: 2 }).first().waitFor();
  await tab.waitForTimeout(300);
  await tab.screenshot({ path: join(out, `${name}.png`) });
  console.log(`wrote ${join(out, `${name}.png`)}`);
  await context.close();
}
await browser.close();
page.remove();
