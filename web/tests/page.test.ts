/** What is built is one page that needs nothing else. */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { pageWith } from '../scripts/browser.mjs';

const file = fileURLToPath(new URL('../dist/index.html', import.meta.url));

describe.skipIf(!existsSync(file))('the page', () => {
  const page = existsSync(file) ? readFileSync(file, 'utf8') : '';

  it('is under 700 kB gzipped', () => {
    expect(gzipSync(page).length).toBeLessThan(700_000);
  });

  it('fetches nothing', () => {
    expect(page).not.toMatch(/<script[^>]+src=|<link[^>]+href=|@import|url\(\s*["']?https?:/);
  });

  it('allows no script but its own', () => {
    expect(page).toMatch(/script-src 'sha256-[A-Za-z0-9+/=]+';/);
    expect(page.match(/<script type="module">/g)).toHaveLength(1);
  });

  it('has places for documents and for a configuration', () => {
    expect(pageWith('equipoise-documents', [{ name: '</script><script>alert(1)</script>' }])).not.toContain(
      '<script>alert',
    );
    expect(pageWith('equipoise-config', { base: '', token: 't' })).toContain('"token":"t"');
  });
});
