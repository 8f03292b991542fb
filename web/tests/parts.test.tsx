import { renderToStaticMarkup } from 'react-dom/server';
import { describe, expect, it } from 'vitest';
import { eventsIn } from '../src/api/client';
import { unlocked, withoutToken, type Place } from '../src/api/token';
import { signEdges } from '../src/charts/grid';
import { drawLines } from '../src/charts/lines';
import { drawTree } from '../src/charts/tree';
import { chaptersOf } from '../src/document/chapters';
import { differencesOf } from '../src/document/compare';
import { foundIn } from '../src/document/found';
import { frameOf, lookAt } from '../src/document/look';
import { frameAround, where, withIntervals } from '../src/document/tables';
import { treatmentsOf } from '../src/document/treatments';
import { translator } from '../src/i18n';
import { besideEachOther, sideOf } from '../src/panels/explain-cohorts';
import { inWords } from '../src/panels/pins';
import { placesAlong } from '../src/panels/ice';
import { makeDocument, number, share, text } from './sample';
import { causal, explain } from './sections';

const t = translator('en');

describe('the token', () => {
  const place = (href: string): Place & { kept: Map<string, string>; shown: string[] } => {
    const kept = new Map<string, string>();
    const shown: string[] = [];
    const store = {
      getItem: (key: string) => kept.get(key) ?? null,
      setItem: (key: string, value: string) => void kept.set(key, value),
    };
    const history = { replaceState: (_: unknown, __: string, url: string) => void shown.push(url) };
    return { location: { href }, history, lasting: store, passing: null, kept, shown };
  };

  it('leaves the address once the browser has it, and comes back without it', () => {
    const at = place('http://127.0.0.1:80/?token=abc&x=1#/fairness?a=1');
    expect(unlocked({ base: '', token: 'abc' }, at).token).toBe('abc');
    expect(at.shown).toEqual(['http://127.0.0.1:80/?x=1#/fairness?a=1'.replace(':80', '')]);
    expect(unlocked({ base: '', token: '' }, at).token).toBe('abc');
    // Another server of the same origin has a token of its own.
    expect(unlocked({ base: '/other', token: '' }, at).token).toBe('');
  });

  it('stays in the address where nothing can be kept', () => {
    const at = place('http://127.0.0.1/?token=abc');
    expect(unlocked({ base: '/prefix', token: 'abc' }, at).token).toBe('abc');
    expect(at.shown).toEqual([]);
    expect(withoutToken('file:///tmp/a.html#/x')).toBe('file:///tmp/a.html#/x');
  });
});

describe('events', () => {
  it('are read from a stream that is cut anywhere', () => {
    const stream = ': hello\n\ndata: {"a":1}\n\nevent: x\ndata: {"b":\ndata: 2}\n\n';
    for (let cut = 0; cut <= stream.length; cut++) {
      const first = eventsIn(stream.slice(0, cut));
      const second = eventsIn(first.rest + stream.slice(cut));
      expect([...first.data, ...second.data]).toEqual(['{"a":1}', '{"b":\n2}']);
      expect(second.rest).toBe('');
    }
  });
});

describe('long sections', () => {
  it('come in parts that together hold every figure once', () => {
    const names = ['columns', 'missing', 'drift', 'values[a]', 'joint[a,b]', 'new_one', 'doubtful_rows'];
    const blocks = names.map((id) => ({ id, title: id, says: '', kind: 'table', table: id }) as never);
    const parts = chaptersOf('explorer', blocks);
    expect(parts.map((p) => p.id)).toEqual([
      'part_columns',
      'part_missing',
      'part_relations',
      'part_drift',
      'part_rows',
      'part_more',
    ]);
    const ids = parts.flatMap((p) => p.blocks.map((b) => b.id));
    expect([...ids].sort()).toEqual([...names].sort());
    const rows = ['totals', 'row_1', 'row_2', 'row_3', 'recourse_by_sex', 'rows'].map(
      (id) => ({ id, title: id, says: '', kind: 'table', table: id }) as never,
    );
    expect(chaptersOf('counterfactuals', rows).map((p) => p.blocks.map((b) => b.id))).toEqual([
      ['totals'],
      ['recourse_by_sex'],
      ['row_1', 'row_2', 'row_3'],
      ['rows'],
    ]);
    expect(chaptersOf('unknown', blocks)).toHaveLength(1);
    expect(chaptersOf('constructor', blocks)).toHaveLength(1);
  });
});

describe('tables out of tables', () => {
  it('get intervals from the columns of their ends', () => {
    const table = lookAt(causal()).table('heterogeneity_0');
    if (!table) throw new Error('the sample changed');
    const frame = withIntervals(table, { value: 'slope', low: 'low', high: 'high' }, 0.9);
    expect(frame.columns.map((c) => c.id)).toEqual(['contrast', 'feature', 'slope']);
    expect(frame.column('slope')?.cell(1).interval).toMatchObject({ low: -0.3, high: -0.1, level: 0.9 });
    const holes = { ...table, columns: table.columns.map((c) => ({ ...c, values: [null, null] }) as never) };
    expect(
      withIntervals(holes, { value: 'slope', low: 'low', high: 'high' }, 0.9).column('slope')?.value(0),
    ).toBe(null);
  });

  it('keep the rows where a column holds a text', () => {
    const table = { id: 't', title: '', columns: [text('a', ['x', 'y', 'x']), number('b', [1, 2, null])] };
    expect(where(table, 'a', 'x').columns[1]?.values).toEqual([1, null]);
    expect(where(table, 'nowhere', 'x').columns[1]?.values).toEqual([]);
  });
});

describe('importance of cohorts', () => {
  it('stands side by side for features that every side tells of', () => {
    const section = explain();
    const sides = [sideOf('all', section, null), sideOf('young', section, 'young')];
    sides[1]?.sizes.delete('sex');
    const { section: made, table } = besideEachOther(sides);
    const frame = frameOf(lookAt(made), table);
    const lines = Array.from({ length: frame.n }, (_, row) => [
      frame.column('feature')?.label(row),
      frame.column('cohort')?.label(row),
      frame.column('size')?.value(row),
    ]);
    expect(lines).toEqual([
      ['age', 'all', 0.8],
      ['age', 'young', 0.9],
      ['married', 'all', 0.5],
      ['married', 'young', 0.7],
    ]);
    expect(frame.column('difference')?.cell(1).interval).toMatchObject({ low: 0.15000000000000002 });
  });
});

describe('differences', () => {
  it('are those of a cohort against other rows, and no gap between groups within it', () => {
    const document = makeDocument();
    const known = differencesOf(document, ['young']).estimates.map((e) => e.id);
    expect(known).toEqual(['explain.mean_abs_attribution.difference[age]{young}']);
    for (const id of [
      'fairness.x.difference_to_rest[sex=a]{young}',
      'performance.error_rate.difference_to_rest{young}',
    ])
      document.sections[0]?.estimates.push(share(id, 0.1));
    expect(differencesOf(document, ['young']).estimates.map((e) => e.id)).toContain(
      'performance.error_rate.difference_to_rest{young}',
    );
    expect(differencesOf(document, ['young']).estimates).toHaveLength(2);
    expect(differencesOf(document, []).estimates).toEqual([]);
  });
});

describe('counterfactuals', () => {
  it('are read as changed values', () => {
    const table = {
      id: 'row_4',
      title: '',
      columns: [
        text('feature', ['prediction', 'cost', 'age', 'cost', 'sex']),
        text('present', ['no', '', '29', '3', 'f']),
        text('counterfactual_1', ['yes (0.6)', '4.2', '57', '9', '·']),
        text('counterfactual_2', ['yes', '1', '·', '·', '·']),
      ],
    };
    const section = { ...explain(), tables: [table] };
    // A feature may be called `cost`; one that changes nothing is none.
    expect(foundIn(section, 4)).toEqual([
      { title: 'counterfactual_1', set: { age: '57', cost: '9' }, says: 'yes (0.6)' },
    ]);
    expect(foundIn(section, 5)).toEqual([]);
  });

  it('are pinned with what the model says', () => {
    const prediction = { predicted: 'yes', probability: [0.4, 0.6], value: null } as never;
    expect(inWords(prediction, ['no', 'yes'])).toBe('yes (60.0\u00a0%)');
    expect(inWords({ predicted: null, probability: null, value: 3.25 } as never, [])).toBe('3.25');
    expect(inWords(undefined, [])).toBe(null);
  });
});

describe('one feature of a row', () => {
  const column = { name: 'age', type: 'number', roles: [], n_missing: 0, min: 17, max: 19 };
  it('is tried at its own value and over its range', () => {
    expect(placesAlong(column, 18)).toEqual([17, 18, 19]);
    expect(placesAlong(column, 40)).toEqual([17, 18, 19, 40]);
    expect(placesAlong({ ...column, max: 17.5 }, 17.2)).toContain(17.2);
    expect(placesAlong({ ...column, min: null, max: null } as never, 3)).toEqual([]);
    expect(placesAlong({ ...column, type: 'category', levels: ['a', 'b'] }, 'a')).toEqual(['a', 'b']);
  });
});

describe('pictures of panels', () => {
  const drawn = (body: unknown): string => renderToStaticMarkup(<svg>{body as never}</svg>);

  it('draw the line where a number changes its sign', () => {
    const cells = [
      [1, 1, -1],
      [1, -1, null],
    ];
    expect(signEdges(3, 2, (i, j) => cells[i]?.[j] ?? null)).toEqual([
      [2, 0, 2, 1],
      [1, 1, 2, 1],
      [1, 1, 1, 2],
    ]);
    expect(signEdges(2, 1, () => 0)).toEqual([]);
  });

  it('say in a leaf what is done there', () => {
    const section = causal();
    const block = section.blocks.find((b) => b.kind === 'tree');
    const table = lookAt(section).table('policy_0');
    if (block?.kind !== 'tree' || !table) throw new Error('the sample changed');
    const look = lookAt(section);
    const svg = drawn(drawTree({ look, frame: frameOf(look, table), width: 900, t }, block).body);
    expect(svg).toContain('→ sport = 1');
    expect(svg).toContain('age ≤ 40<');
    expect(svg).not.toContain('>–<');
    expect(treatmentsOf(section)).toEqual([{ place: 0, name: 'sport' }]);
  });

  it('draw single rows behind their mean', () => {
    const mean = frameAround({ id: 'm', title: '', columns: [number('x', [0, 1]), number('y', [0.2, 0.4])] });
    const rows = frameAround({
      id: 'r',
      title: '',
      columns: [
        text('line', ['a', 'a', 'b', 'b']),
        number('x', [0, 1, 0, 1]),
        number('y', [0, 1, 0.5, null]),
      ],
    });
    const look = lookAt(causal());
    const drawing = drawLines(
      { look, frame: mean, width: 500, t },
      { x: 'x', y: 'y' },
      { frame: rows, x: 'x', y: 'y', line: 'line' },
      { x: 0.9, name: 'here' },
    );
    const svg = drawn(drawing.body);
    expect(svg.match(/class="thin"/g)).toHaveLength(2);
    expect(svg).toContain('here');
    expect(drawing.marks).toHaveLength(2);
    expect(svg).not.toMatch(/NaN|undefined/);
  });
});
