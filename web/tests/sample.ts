/** A generated document with every kind of block, as large and as odd as a test wants it. */
import { causal, explain } from './sections';
import type { Block, Document, Estimate, Section, Table, TableColumn } from '../src/generated/document';

export const text = (id: string, values: (string | null)[]): TableColumn => ({
  id,
  title: id,
  type: 'text',
  values,
});
export const number = (
  id: string,
  values: (number | null)[],
  unit: TableColumn['unit'] = 'plain',
): TableColumn => ({ id, title: id, unit, type: 'number', values });
export const refs = (id: string, values: (string | null)[], title = id): TableColumn => ({
  id,
  title,
  type: 'estimate',
  values,
});

/** An estimate of a share with an interval of 4 points around it. */
export function share(id: string, value: number | null, more: Partial<Estimate> = {}): Estimate {
  const interval =
    value === null
      ? null
      : { low: Math.max(0, value - 0.02), high: Math.min(1, value + 0.02), level: 0.95, method: 'wilson' };
  return { id, value, interval, n: 1000, unit: 'share', better: 'higher', ...more };
}

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** The error tree, slices and heat map of a small made-up model. */
function errors(): Section {
  const nodes = ['0', '1', '2', '3', '4'];
  const values = [0.12, 0.04, 0.23, 0.02, 0.3];
  const predicates = [
    null,
    `"married" = 'no'`,
    `"married" = 'yes'`,
    `"married" = 'yes' and "age" <= 30`,
    `"married" = 'yes' and "age" > 30`,
  ];
  const tree: Table = {
    id: 'tree',
    title: 'Error tree',
    columns: [
      text('node', nodes),
      text('parent', [null, '0', '0', '2', '2']),
      text('label', ['all rows', 'married = no', 'married = yes', 'age ≤ 30', 'age > 30']),
      number('n', [2000, 1200, 800, 200, 600], 'rows'),
      refs(
        'value',
        nodes.map((n) => `errors.error_rate[node=${n}]`),
        'Error rate',
      ),
      number('coverage', [1, 0.2, 0.8, 0.05, 0.75], 'share'),
      text('path', [
        '',
        'married = no',
        'married = yes',
        'married = yes and age ≤ 30',
        'married = yes and age > 30',
      ]),
      text('predicate', predicates),
    ],
  };
  const slices: Table = {
    id: 'slices',
    title: 'Slices',
    columns: [
      text('slice', ['married = yes and age > 30', 'married = yes']),
      refs('difference', ['errors.error_rate[node=4]', 'errors.error_rate[node=2]'], 'Difference'),
      text('predicate', [predicates[4] ?? null, predicates[2] ?? null]),
    ],
  };
  const heat: Table = {
    id: 'heat_map',
    title: 'Heat map',
    columns: [
      text('x', ['a', 'b', 'a', 'b']),
      text('y', ['c', 'c', 'd', 'd']),
      number('value', [0.1, 0.2, null, 0.4], 'share'),
      number('n', [10, 20, 0, 40], 'rows'),
    ],
  };
  return {
    id: 'errors',
    title: 'Error analysis',
    question: 'Where does the model fail?',
    notes: [
      {
        level: 'concern',
        code: 'worst',
        text: 'Where `married` is yes and age > 30 (600 rows), 30.0 % are wrong; they hold 75.0 % of all errors.',
        about: ['errors.error_rate[node=4]'],
      },
    ],
    estimates: nodes.map((n, i) =>
      share(`errors.error_rate[node=${n}]`, values[i] ?? 0, { better: 'lower' }),
    ),
    tables: [tree, slices, heat],
    blocks: [
      {
        id: 'tree',
        title: 'Where errors are frequent',
        says: 'Each split parts the rows.',
        table: 'tree',
        kind: 'tree',
        node: 'node',
        parent: 'parent',
        label: 'label',
        value: 'value',
        weight: 'n',
        more: ['coverage', 'path'],
      },
      {
        id: 'slices',
        title: 'Worst slices',
        says: 'The slices with the highest score.',
        table: 'slices',
        kind: 'ranking',
        label: 'slice',
        value: 'difference',
        axis: {} as never,
      },
      {
        id: 'heat_map',
        title: 'Error rate by two columns',
        says: 'Error rate in bins.',
        table: 'heat_map',
        kind: 'heat_map',
        x: 'x',
        y: 'y',
        value: 'value',
        axis: {} as never,
      },
    ],
  };
}

/** Groups with rates, gaps and thresholds. */
export function fairness(groups: string[] = ['Female', 'Male'], rates: number[] = [0.09, 0.26]): Section {
  const ids = (metric: string): string[] => groups.map((g) => `fairness.${metric}[sex="${g}"]`);
  const thresholds = groups.flatMap((g, k) =>
    range(9).map((i) => ({
      g,
      at: (i + 1) / 10,
      rate: Math.max(0, (rates[k] ?? 0.2) * 2 * (1 - (i + 1) / 10)),
    })),
  );
  return {
    id: 'fairness',
    title: 'Fairness',
    question: 'Does the model treat groups of people alike?',
    notes: [
      {
        level: 'concern',
        code: 'gap',
        text: 'Selection rate by sex: 26.0 % of Male against 9.0 % of Female, a gap of 17.0 points (16.4 to 18.7).',
        about: ['fairness.selection_rate.difference[sex]'],
      },
    ],
    estimates: [
      ...ids('selection_rate').map((id, i) => share(id, rates[i] ?? 0.2, i === 0 ? { small: true } : {})),
      ...ids('accuracy').map((id) => share(id, 0.8)),
      share('fairness.selection_rate', 0.2),
      share('fairness.accuracy', 0.8),
      share('fairness.selection_rate.difference[sex]', 0.17, {
        better: 'zero',
        p_value: { value: 0.001, adjusted: 0.002, method: 'chi_squared' },
      }),
      share('fairness.selection_rate.ratio[sex]', null, {
        missing: 'zero_denominator',
        better: 'one',
        unit: 'plain',
      }),
    ],
    tables: [
      {
        id: 'by_group[sex]',
        title: 'By sex',
        columns: [
          text('group', groups),
          number(
            'n',
            groups.map(() => 1000),
            'rows',
          ),
          refs('selection_rate', ids('selection_rate'), 'Selection rate'),
          refs('accuracy', ids('accuracy'), 'Accuracy'),
        ],
      },
      {
        id: 'criteria[sex]',
        title: 'Criteria by sex',
        columns: [
          text('criterion', ['demographic_parity']),
          refs('difference', ['fairness.selection_rate.difference[sex]']),
          refs('ratio', ['fairness.selection_rate.ratio[sex]']),
        ],
      },
      {
        id: 'thresholds[sex]',
        title: 'Rates by threshold',
        columns: [
          text(
            'group',
            thresholds.map((r) => r.g),
          ),
          number(
            'threshold',
            thresholds.map((r) => r.at),
            'share',
          ),
          number(
            'selection_rate',
            thresholds.map((r) => r.rate),
            'share',
          ),
        ],
      },
    ],
    blocks: [
      {
        id: 'thresholds[sex]',
        title: 'Selection rate by threshold',
        says: 'How many would be selected.',
        table: 'thresholds[sex]',
        kind: 'curve',
        x: 'threshold',
        y: 'selection_rate',
        series: 'group',
        x_axis: {} as never,
        y_axis: {} as never,
      },
      {
        id: 'selection_rate_by[sex]',
        title: 'Selection rate by sex',
        says: 'From 9 % to 26 %.',
        table: 'by_group[sex]',
        kind: 'dots',
        label: 'group',
        value: 'selection_rate',
        axis: {} as never,
      },
    ],
  };
}

/** Overall metrics, and one block of each kind that the other sections do not have. */
export function performance(n = 2000, accuracy = 0.88): Section {
  const metrics: Table = {
    id: 'metrics',
    title: 'Metrics',
    columns: [
      text('metric', ['Accuracy', 'Log loss', 'ROC AUC']),
      refs('value', ['performance.accuracy', 'performance.log_loss', 'performance.roc_auc'], 'Value'),
    ],
  };
  const confusion: Table = {
    id: 'confusion',
    title: 'Confusion',
    columns: [
      text('truth', ['no', 'no', 'yes', 'yes']),
      text('predicted', ['no', 'yes', 'no', 'yes']),
      number('n', [900, 100, 140, 860], 'rows'),
    ],
  };
  const scores: Table = {
    id: 'scores',
    title: 'Scores',
    columns: [
      number('low', [0, 0.5, 0, 0.5]),
      number('high', [0.5, 1, 0.5, 1]),
      text('truth', ['no', 'no', 'yes', 'yes']),
      number('share', [0.9, 0.1, 0.2, 0.8], 'share'),
    ],
  };
  const boxes: Table = {
    id: 'boxes',
    title: 'Boxes',
    columns: [
      text('column', ['age', 'pay']),
      number('low', [17, 0]),
      number('q1', [28, 10]),
      number('median', [37, 20]),
      number('q3', [48, 40]),
      number('high', [78, 90]),
    ],
  };
  const steps: Table = {
    id: 'steps',
    title: 'Steps',
    columns: [text('step', ['Base', 'age = 20', 'sex = Male']), number('by', [0.2, -0.3, 0.05])],
  };
  const points: Table = {
    id: 'points',
    title: 'Points',
    columns: [
      text('feature', ['age', 'age', 'sex']),
      number('place', [2, 2, 1]),
      number('attribution', [-1, 0.5, 0.2]),
      number('value', [0, 1, 0.5]),
    ],
  };
  const bars: Table = {
    id: 'bars',
    title: 'Bars',
    columns: [text('class', ['no', 'yes']), number('share', [0.6, 0.4], 'share')],
  };
  return {
    id: 'performance',
    title: 'Model performance',
    question: 'How good are the predictions?',
    notes: [
      {
        level: 'finding',
        code: 'overall',
        text: `The prediction is right for ${(accuracy * 100).toFixed(1)} % of ${n} rows.`,
        about: ['performance.accuracy'],
      },
    ],
    estimates: [
      share('performance.accuracy', accuracy, { n }),
      { ...share('performance.log_loss', 0.31, { unit: 'nats', better: 'lower' }), n },
      share('performance.roc_auc', 0.93, { n }),
      share('performance.accuracy{young}', 0.95, { n: 500 }),
    ],
    tables: [metrics, confusion, scores, boxes, steps, points, bars],
    blocks: [
      { id: 'words', title: 'In words', says: 'Only words.', kind: 'text' },
      { id: 'metrics', title: 'All metrics', says: 'Every metric.', table: 'metrics', kind: 'table' },
      {
        id: 'confusion',
        title: 'Confusion matrix',
        says: 'Rows by truth and prediction.',
        table: 'confusion',
        kind: 'matrix',
        row: 'truth',
        column: 'predicted',
        value: 'n',
      },
      {
        id: 'scores',
        title: 'Scores',
        says: 'How scores spread.',
        table: 'scores',
        kind: 'distribution',
        low: 'low',
        high: 'high',
        value: 'share',
        series: 'truth',
        axis: {} as never,
      },
      {
        id: 'boxes',
        title: 'Box plots',
        says: 'Quartiles.',
        table: 'boxes',
        kind: 'boxes',
        label: 'column',
        low: 'low',
        q1: 'q1',
        median: 'median',
        q3: 'q3',
        high: 'high',
        axis: {} as never,
      },
      {
        id: 'steps',
        title: 'Why row 7',
        says: 'From 0.2 to −0.05.',
        table: 'steps',
        kind: 'waterfall',
        label: 'step',
        value: 'by',
      },
      {
        id: 'points',
        title: 'Attributions',
        says: 'Each point is a row.',
        table: 'points',
        kind: 'scatter',
        x: 'attribution',
        y: 'place',
        colour: 'value',
        x_axis: {} as never,
        y_axis: {} as never,
      },
      {
        id: 'bars',
        title: 'Classes',
        says: 'Balance of classes.',
        table: 'bars',
        kind: 'bars',
        label: 'class',
        value: 'share',
        axis: {} as never,
      },
    ],
  };
}

export interface Wish {
  /** Effects too; without them the page offers to compute them. */
  causal?: boolean;
  columns?: number;
  categories?: number;
  label?: (i: number) => string;
}

/** Histograms of as many columns as wanted, and one column of as many categories as wanted. */
function explorer({ columns = 3, categories = 5, label = (i) => `value ${i}` }: Wish): Section {
  const names = range(columns).map((i) => `column ${i}`);
  const many: Table = {
    id: 'values[many]',
    title: 'Values of many',
    columns: [
      text('value', range(categories).map(label)),
      number(
        'share',
        range(categories).map((i) => 1 / (i + 1)),
        'share',
      ),
    ],
  };
  return {
    id: 'explorer',
    title: 'Data',
    question: 'What is in the data?',
    notes: [],
    estimates: [],
    tables: [
      many,
      ...names.map((name) => ({
        id: `histogram[${name}]`,
        title: name,
        columns: [number('low', [0, 1]), number('high', [1, 2]), number('share', [0.4, 0.6], 'share')],
      })),
    ],
    blocks: [
      {
        id: 'values[many]',
        title: 'Values of many',
        says: 'How often each value occurs.',
        table: 'values[many]',
        kind: 'bars',
        label: 'value',
        value: 'share',
        axis: {} as never,
      },
      ...names.map((name): Block => ({
        id: `histogram[${name}]`,
        title: `Distribution of ${name}`,
        says: 'Bins of equal width.',
        table: `histogram[${name}]`,
        kind: 'distribution',
        low: 'low',
        high: 'high',
        value: 'share',
        axis: {} as never,
      })),
    ],
  };
}

/** A document that a test can rely on. */
export function makeDocument(wish: Wish = {}): Document {
  const names = [
    'age',
    'sex',
    'married',
    ...range(Math.max(0, (wish.columns ?? 3) - 3)).map((i) => `column ${i}`),
  ];
  return {
    schema_version: '1.0',
    spec: { target: 'income', sensitive: ['sex'], seed: 7, data: { test: 'people.csv' } },
    provenance: {
      equipoise: '0.1.0',
      seed: 7,
      spec_sha256: 'ab'.repeat(32),
      inputs: [{ role: 'test', name: 'people.csv', sha256: 'cd'.repeat(32), bytes: 1234 }],
    },
    task: 'binary',
    classes: ['no', 'yes'],
    datasets: [
      {
        part: 'test',
        n_rows: 2000,
        columns: names.map((name, i) => ({
          name,
          type: i === 0 ? 'numeric' : 'categorical',
          roles: ['feature'],
          n_missing: 0,
          min: i === 0 ? 17 : null,
          max: i === 0 ? 90 : null,
        })),
      },
    ],
    model: {
      format: 'lightgbm',
      describes: 'gradient-boosted trees',
      features: ['age', 'sex', 'married'],
      n_outputs: 2,
    },
    cohorts: [
      { name: 'all', n: 2000 },
      { name: 'young', where: 'age < 30', n: 500 },
    ],
    notes: [],
    sections: [
      performance(),
      errors(),
      fairness(),
      explorer(wish),
      explain(),
      ...(wish.causal ? [causal()] : []),
    ],
    artifacts: [],
  };
}
