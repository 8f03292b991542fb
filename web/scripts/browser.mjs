// A browser for tests and pictures: Debian's Chromium, or the one that `CHROMIUM` names.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';

const PAGE = fileURLToPath(new URL('../dist/index.html', import.meta.url));

/** Where the browser is, or null. */
export function browserPath() {
  const wanted = process.env.CHROMIUM ?? '/usr/bin/chromium';
  return existsSync(wanted) ? wanted : null;
}

/** Opens the browser. */
export async function launch() {
  const executablePath = browserPath();
  if (!executablePath) throw new Error('there is no Chromium; name one with `CHROMIUM`');
  return chromium.launch({
    executablePath,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

/** The built page with JSON put into one of its elements. */
export function pageWith(id, value) {
  if (!existsSync(PAGE)) throw new Error('the page is not built; run `npm run build`');
  const json = (typeof value === 'string' ? value : JSON.stringify(value)).replace(/</g, '\\u003c');
  const empty = `id="${id}"></script>`;
  const page = readFileSync(PAGE, 'utf8');
  if (!page.includes(empty)) throw new Error(`the page has no place for \`${id}\``);
  return page.replace(empty, () => `id="${id}">${json}</script>`);
}

/** The page with documents, as a file; gives its address and a way to remove it. */
export function writePage(documents) {
  const folder = mkdtempSync(join(tmpdir(), 'equipoise-web-'));
  const file = join(folder, 'index.html');
  writeFileSync(file, pageWith('equipoise-documents', documents));
  return { url: pathToFileURL(file).href, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** Documents from folders of assessments, by name. */
export function documentsFrom(folders) {
  return folders.map((folder, i) => ({
    id: String(i),
    name: folder.replace(/\/+$/, '').split('/').at(-1),
    document: JSON.parse(readFileSync(join(folder, 'document.json'), 'utf8')),
  }));
}
