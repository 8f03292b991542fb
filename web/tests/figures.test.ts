/** Every kind of picture: its files, its table, and what is left of it without colour. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Locator, Page } from 'playwright-core';
import { isDrawn } from '../src/charts/draw';
import { desk, hasBrowser } from './desk';
import { makeDocument } from './sample';

const VIEW: Record<string, string> = { explorer: 'data' };

/** One block of each kind, with the address of its view. */
function kinds(): { kind: string; title: string; address: string }[] {
  const seen = new Map<string, { kind: string; title: string; address: string }>();
  for (const section of makeDocument({ causal: true }).sections)
    for (const block of section.blocks.filter(isDrawn)) {
      // A panel shows these under another title.
      if (seen.has(block.kind) || block.id.endsWith('_by[sex]')) continue;
      const view = VIEW[section.id] ?? section.id;
      seen.set(block.kind, {
        kind: block.kind,
        title: block.title,
        address: `#/${view}?part_${section.id}=all`,
      });
    }
  return [...seen.values()];
}

describe.skipIf(!hasBrowser)('pictures', () => {
  const { open, fixed, settings } = desk();
  const file = async (page: Page, figure: Locator, form: string): Promise<Buffer> => {
    await figure.getByRole('button', { name: /^Download / }).click();
    const download = page.waitForEvent('download');
    await page.getByRole('menuitem', { name: form }).click();
    return readFileSync(await (await download).path());
  };

  it('of eleven kinds are there', () => {
    expect(kinds().map((k) => k.kind)).toHaveLength(11);
  });

  it.each(kinds())(
    '$kind becomes a drawing, a picture and a table of numbers',
    async ({ title, address }) => {
      const page = await open(`${fixed([makeDocument({ causal: true })])}${address}`);
      const figure = page
        .getByRole('figure')
        .filter({ has: page.getByRole('heading', { name: title }) })
        .first();
      await figure.getByRole('img').waitFor();
      const svg = (await file(page, figure, 'Picture (SVG)')).toString();
      expect(svg).toMatch(/^<svg[^>]*xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
      // It stands alone: no class, no variable, no colour that another file would have to tell.
      expect(svg).not.toMatch(/class=|var\(|NaN|undefined/);
      const drawn = await page.evaluate(async (text) => {
        const image = new Image();
        image.src = URL.createObjectURL(new Blob([text], { type: 'image/svg+xml' }));
        await image.decode();
        return [image.naturalWidth, image.naturalHeight];
      }, svg);
      expect(Math.min(...drawn)).toBeGreaterThan(40);
      const png = await file(page, figure, 'Picture (PNG)');
      expect(png.subarray(1, 4).toString()).toBe('PNG');
      expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual(drawn.map((side) => 2 * side));
      const csv = (await file(page, figure, 'Numbers (CSV)')).toString().split('\r\n');
      await figure.getByRole('button', { name: /^Table: / }).click();
      const table = figure.getByRole('table');
      expect(csv.length - 2).toBe(Number(await table.getAttribute('aria-rowcount')) - 1);
      expect(await table.getByRole('row').count()).toBeGreaterThan(1);
      // A sentence for who does not see it.
      expect((await figure.locator('.says').textContent())?.length).toBeGreaterThan(3);
    },
  );

  it('are told apart without colour', async () => {
    const page = await open(`${fixed([makeDocument({ causal: true })])}#/performance?part_performance=all`);
    for (const theme of ['light', 'dark', 'contrast']) {
      await settings({ theme });
      const alike = await page.evaluate(() =>
        [...document.querySelectorAll('svg.chart')].flatMap((svg) => {
          const looks = new Map<string, Set<string>>();
          for (const mark of svg.querySelectorAll('.ln[class*=k], path.mk[class*=k], circle.mk[class*=k]')) {
            const series = /\bk(\d)/.exec(mark.getAttribute('class') ?? '')?.[1] ?? '';
            const isLine = mark.classList.contains('ln');
            const sign = isLine
              ? getComputedStyle(mark).strokeDasharray
              : (mark.getAttribute('d') ?? 'circle');
            const key = `${isLine ? 'line' : 'mark'} ${sign}`;
            looks.set(key, (looks.get(key) ?? new Set()).add(series));
          }
          return [...looks].filter(([, series]) => series.size > 1).map(([look]) => look);
        }),
      );
      expect([theme, alike]).toEqual([theme, []]);
    }
  });
});
