import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { renderToStaticMarkup } from 'react-dom/server';
import { describe, expect, it } from 'vitest';
import { draw, isDrawn } from '../src/charts/draw';
import { shortened } from '../src/charts/parts';
import { scaleOver } from '../src/charts/scale';
import { frameOf, lookAt } from '../src/document/look';
import type { Block, Section } from '../src/generated/document';
import { LANGUAGES, translator } from '../src/i18n';
import { nearestMark, stepped } from '../src/ui/figure';
import { makeDocument } from './sample';

const t = translator('en');

function drawn(section: Section, block: Block, width = 600): { svg: string; marks: string[] } {
  const look = lookAt(section);
  const table = look.table(block.table ?? '');
  if (!table) throw new Error(`no table ${block.table}`);
  const drawing = draw({ look, frame: frameOf(look, table), width, t }, block);
  return { svg: renderToStaticMarkup(<svg>{drawing.body}</svg>), marks: drawing.marks.map((m) => m.text) };
}

const blocksOf = (document = makeDocument()): [Section, Block][] =>
  document.sections.flatMap((s) => s.blocks.filter(isDrawn).map((b): [Section, Block] => [s, b]));

describe('every kind of block', () => {
  it('is in the sample', () => {
    const kinds = new Set(makeDocument().sections.flatMap((s) => s.blocks.map((b) => b.kind)));
    expect([...kinds].sort()).toEqual([
      'bars',
      'boxes',
      'curve',
      'distribution',
      'dots',
      'heat_map',
      'matrix',
      'ranking',
      'scatter',
      'table',
      'text',
      'tree',
      'waterfall',
    ]);
  });

  it.each(blocksOf().map(([s, b]) => [b.kind, s, b] as const))(
    '%s is drawn with finite places and marks',
    (_, section, block) => {
      for (const width of [260, 600, 1400]) {
        const { svg, marks } = drawn(section, block, width);
        expect(svg).not.toMatch(/NaN|Infinity|undefined/);
        expect(marks.length).toBeGreaterThan(0);
      }
    },
  );
});

describe('charts', () => {
  it('draw intervals, and missing values as missing', () => {
    const document = makeDocument();
    const fairness = document.sections.find((s) => s.id === 'fairness');
    const block = fairness?.blocks.find((b) => b.kind === 'dots');
    if (!fairness || !block) throw new Error('the sample changed');
    const { svg, marks } = drawn(fairness, block);
    expect(svg.match(/class="iv/g)).toHaveLength(2);
    expect(marks[0]).toBe('Female: 9.0\u00a0% [7.0, 11.0] †, n = 1000');
    const errors = document.sections.find((s) => s.id === 'errors');
    const heat = errors?.blocks.find((b) => b.kind === 'heat_map');
    if (!errors || !heat) throw new Error('the sample changed');
    expect(drawn(errors, heat).marks).toContain('d, a: no value');
  });

  it('say how many of ten thousand labels are in the table only', () => {
    const explorer = makeDocument({ categories: 10_000 }).sections.find((s) => s.id === 'explorer');
    const block = explorer?.blocks[0];
    if (!explorer || !block) throw new Error('the sample changed');
    expect(drawn(explorer, block).svg).toContain('9960 more are in the table');
  });

  it('refuse kinds that are not known', () => {
    const section = makeDocument().sections[0];
    const block = { ...(section?.blocks[2] as Block), kind: 'hologram' } as unknown as Block;
    expect(isDrawn(block)).toBe(false);
    expect(() => section && drawn(section, block)).toThrow('hologram');
  });

  it('are walked by arrow keys', () => {
    const marks = [0, 1, 2].map((i) => ({ x: i * 50, y: 0, text: String(i), row: i }));
    expect(stepped(marks, null, 'ArrowRight')?.row).toBe(0);
    expect(stepped(marks, marks[0] ?? null, 'ArrowRight')?.row).toBe(1);
    expect(stepped(marks, marks[0] ?? null, 'End')?.row).toBe(2);
    expect(nearestMark(marks, 60, 5)?.row).toBe(1);
    expect(nearestMark(marks, 600, 5)).toBeNull();
  });
});

describe('scales', () => {
  it('have round ends and a few ticks', () => {
    const scale = scaleOver([0.03, 0.97], undefined, 0, 400);
    expect([scale.low, scale.high]).toEqual([0, 1]);
    expect(scaleOver([5, 5], undefined, 0, 100).ticks.length).toBeGreaterThan(1);
    expect(scaleOver([], undefined, 0, 100).place(0.5)).toBe(50);
    expect(scaleOver([1, 1000], { scale: 'log' } as never, 0, 300).place(10)).toBeCloseTo(100);
  });

  it('cut labels to their room', () => {
    expect(shortened('short', 200)).toBe('short');
    expect(shortened('a very long label indeed', 60)).toMatch(/…$/);
  });
});

describe('languages', () => {
  it.each(Object.entries(LANGUAGES))('%s fills the same holes as English', (_, { words }) => {
    const holes = (sentence: string): string[] => (sentence.match(/\{\w+\}/g) ?? []).sort();
    for (const [key, sentence] of Object.entries(LANGUAGES.en.words))
      expect([key, holes((words as Record<string, string>)[key] ?? '')]).toEqual([key, holes(sentence)]);
  });

  it('hold no word that nobody says', () => {
    const folder = fileURLToPath(new URL('../src', import.meta.url));
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
      (name) => /\.tsx?$/.test(name) && !name.startsWith('i18n'),
    );
    const source = files.map((name) => readFileSync(join(folder, name), 'utf8')).join('\n');
    // Words that are found by a part of their name.
    const made = /^(theme|better|level|match|plain|part|task)_/;
    const silent = Object.keys(LANGUAGES.en.words).filter(
      (key) => !made.test(key) && !source.includes(`'${key}'`),
    );
    expect(silent).toEqual([]);
  });
});
