/** Explanations and effects of the made-up model: the sections that the page shows in parts. */
import type { Estimate, Section, Table } from '../src/generated/document';
import { number, refs, share, text } from './sample';

const FEATURES = ['age', 'married', 'sex'];

function size(id: string, value: number): Estimate {
  const interval = { low: value - 0.05, high: value + 0.05, level: 0.95, method: 'bootstrap' };
  return { id, value, interval, n: 2000, unit: { named: 'log-odds' }, better: 'neither' };
}

/** What drives predictions. `scale` tells the explanations of one group of rows from those of another. */
export function explain(scale = 1, rows: number[] = [7, 9]): Section {
  const of = (f: string): string => `explain.mean_abs_attribution[${f}]`;
  const steps = (row: number): Table => ({
    id: `row_${row}`,
    title: `Row ${row}`,
    columns: [
      text('step', ['Base', 'age = 20', 'sex = Male']),
      number('attribution', [0.3, -0.2 * scale, 0.1]),
    ],
  });
  return {
    id: 'explain',
    title: 'Feature importance and explanations',
    question: 'What drives the predictions?',
    notes: [
      {
        level: 'finding',
        code: 'top_drivers',
        text: '`age` moves the predictions most (0.80 on average).',
        about: [of('age')],
      },
    ],
    estimates: [
      ...FEATURES.map((f, i) => size(of(f), (0.8 - 0.3 * i) * scale)),
      ...FEATURES.map((f, i) => size(`${of(f)}{young}`, 0.9 - 0.2 * i)),
      size('explain.mean_abs_attribution.difference[age]{young}', 0.2),
      size('explain.permutation_importance[age]', 0.05),
    ],
    tables: [
      {
        id: 'importance',
        title: 'Features by importance',
        columns: [
          text('feature', FEATURES),
          refs('mean_abs_attribution', FEATURES.map(of), 'Mean size of attribution'),
          text('says', ['higher values raise it', '`yes` raises it', '`Male` raises it']),
        ],
      },
      {
        id: 'swarm',
        title: 'Swarm',
        columns: [
          text('feature', ['age', 'age', 'married']),
          number('place', [2, 2, 1]),
          number('attribution', [-1, 0.5, 0.2]),
          number('value', [0, 1, 0.5]),
        ],
      },
      {
        id: 'dependence',
        title: 'Dependence',
        columns: [
          text('feature', ['age', 'age', 'age']),
          number('x', [20, 40, 60]),
          number('attribution', [-1, 0.2, 0.6]),
          number('low', [-1.1, 0.1, 0.5]),
          number('high', [-0.9, 0.3, 0.7]),
        ],
      },
      {
        id: 'partial_dependence',
        title: 'Partial dependence',
        columns: [
          text('feature', ['age', 'age', 'age']),
          number('x', [20, 40, 60]),
          number('prediction', [0.1, 0.3, 0.4]),
          number('low', [0.05, 0.25, 0.35]),
          number('high', [0.15, 0.35, 0.45]),
        ],
      },
      {
        id: 'lines',
        title: 'Lines of rows',
        columns: [
          text('line', ['age, row 1', 'age, row 1', 'age, row 2', 'age, row 2']),
          text('feature', ['age', 'age', 'age', 'age']),
          number('x', [20, 60, 20, 60]),
          number('prediction', [0.2, 0.6, 0.05, 0.1]),
        ],
      },
      {
        id: 'rows',
        title: 'Rows',
        columns: [
          { id: 'row', title: 'Row', type: 'integer', values: rows },
          text(
            'why',
            rows.map((r) => (r === 7 ? 'wrong with the highest confidence' : 'asked for')),
          ),
        ],
      },
      ...rows.map(steps),
    ],
    blocks: [
      {
        id: 'importance',
        title: 'What drives the predictions?',
        says: 'How far each feature moves a row.',
        table: 'importance',
        kind: 'ranking',
        label: 'feature',
        value: 'mean_abs_attribution',
        axis: {} as never,
      },
      {
        id: 'swarm',
        title: 'How do attributions spread?',
        says: 'Each point is a row.',
        table: 'swarm',
        kind: 'scatter',
        x: 'attribution',
        y: 'place',
        colour: 'value',
        x_axis: {} as never,
        y_axis: {} as never,
      },
      {
        id: 'dependence',
        title: 'How does each number act?',
        says: 'By the value of the feature.',
        table: 'dependence',
        kind: 'curve',
        x: 'x',
        y: 'attribution',
        low: 'low',
        high: 'high',
        series: 'feature',
        x_axis: {} as never,
        y_axis: {} as never,
      },
      {
        id: 'partial_dependence',
        title: 'What would the model say at other values?',
        says: 'The mean of the same rows.',
        table: 'partial_dependence',
        kind: 'curve',
        x: 'x',
        y: 'prediction',
        low: 'low',
        high: 'high',
        series: 'feature',
        x_axis: {} as never,
        y_axis: {} as never,
      },
      { id: 'rows', title: 'Explained rows', says: 'Some rows.', table: 'rows', kind: 'table' },
      ...rows.map((row) => ({
        id: `row_${row}`,
        title: `Why row ${row}`,
        says: 'Steps from the base.',
        table: `row_${row}`,
        kind: 'waterfall' as const,
        label: 'step',
        value: 'attribution',
      })),
    ],
  };
}

/** What acting would change; `asked` adds the answer about one row. */
export function causal(asked: { row: number; to: string } | null = null): Section {
  const effect = share('causal.average_effect[sport=1]', 0.05, { better: 'neither' });
  const whatIf: Table = {
    id: 'what_if_0',
    title: 'What if sport were different',
    columns: [
      { id: 'row', title: 'Row', type: 'integer', values: [asked?.row ?? 0] },
      text('from', ['0']),
      text('to', [asked?.to ?? '1']),
      number('now', [0]),
      number('then', [0.05]),
      number('low', [0.01]),
      number('high', [0.09]),
    ],
  };
  return {
    id: 'causal',
    title: 'Causal effects',
    question: 'What would an intervention change?',
    notes: [
      { level: 'finding', code: 'average_effect', text: 'With `sport` it would rise.', about: [effect.id] },
    ],
    estimates: [
      effect,
      share('causal.mean_outcome[sport=0]', 0.2),
      share('causal.mean_outcome[sport=1]', 0.25),
      share('causal.policy_gain_over_all[sport=0]', 0.01),
      share('causal.robustness_value[sport=1]', 0.06),
    ],
    tables: [
      {
        id: 'effects',
        title: 'Effects',
        columns: [
          text('effect', ['sport: 1 against 0']),
          text('treatment', ['sport']),
          refs('average', [effect.id], 'On average'),
        ],
      },
      {
        id: 'mean_outcomes',
        title: 'If everybody had the same',
        columns: [
          text('level', ['sport = 0', 'sport = 1']),
          text('treatment', ['sport', 'sport']),
          refs('outcome', ['causal.mean_outcome[sport=0]', 'causal.mean_outcome[sport=1]']),
        ],
      },
      {
        id: 'heterogeneity_0',
        title: 'How the effect differs',
        columns: [
          text('contrast', ['1 against 0', '1 against 0']),
          text('feature', ['age', 'sex = Male']),
          number('slope', [0.01, -0.2]),
          number('low', [0, -0.3]),
          number('high', [0.02, -0.1]),
        ],
      },
      {
        id: 'policy_0',
        title: 'Policy',
        columns: [
          { id: 'node', title: 'Node', type: 'integer', values: [0, 1, 2] },
          { id: 'parent', title: 'Parent', type: 'integer', values: [null, 0, 0] },
          text('rule', ['everybody', 'age ≤ 40: sport = 1', 'age > 40: sport = 0']),
          text('action', ['', 'sport = 1', 'sport = 0']),
          number('gain', [null, 0.1, 0]),
          number('n', [2000, 1200, 800], 'rows'),
        ],
      },
      {
        id: 'contour_0',
        title: 'A forgotten cause',
        columns: [
          text('treatment', ['0 %', '5 %', '0 %', '5 %']),
          text('outcome', ['0 %', '0 %', '5 %', '5 %']),
          number('bound', [0.05, 0.05, 0.05, -0.01]),
          number('limit', [0.01, 0.01, 0.01, -0.05]),
        ],
      },
      {
        id: 'refuters',
        title: 'Attempts',
        columns: [
          text('effect', ['sport: 1 against 0']),
          text('attempt', ['treatment dealt out anew']),
          number('mean', [0.001]),
          number('low', [-0.02]),
          number('high', [0.02]),
        ],
      },
      ...(asked ? [whatIf] : []),
    ],
    blocks: [
      {
        id: 'effects',
        title: 'Average effects',
        says: 'By how much it would change.',
        table: 'effects',
        kind: 'dots',
        label: 'effect',
        value: 'average',
        axis: {} as never,
        reference: { at: 0 },
      },
      {
        id: 'heterogeneity_0',
        title: 'For whom: sport',
        says: 'By how much the effect itself changes.',
        table: 'heterogeneity_0',
        kind: 'table',
      },
      {
        id: 'policy_0',
        title: 'Policy: sport',
        says: 'The best rule.',
        table: 'policy_0',
        kind: 'tree',
        node: 'node',
        parent: 'parent',
        label: 'rule',
        value: 'gain',
        weight: 'n',
        more: ['action'],
      },
      {
        id: 'contour_0',
        title: 'A forgotten cause: sport',
        says: 'What would be left of the effect.',
        table: 'contour_0',
        kind: 'heat_map',
        x: 'treatment',
        y: 'outcome',
        value: 'bound',
        axis: {} as never,
      },
      { id: 'refuters', title: 'Attempts to break it', says: 'By chance.', table: 'refuters', kind: 'table' },
      ...(asked
        ? [
            {
              id: 'what_if_0',
              title: 'What if: sport',
              says: 'The outcome of single rows.',
              table: 'what_if_0',
              kind: 'table' as const,
            },
          ]
        : []),
    ],
  };
}
