/** Two assessments or several cohorts, number by number. */
import type { Document, Estimate, Section, Table } from '../generated/document';
import { parseId } from './ids';
import { nameOf } from './words';

/** A number of two documents. */
export interface Pair {
  id: string;
  a: Estimate;
  b: Estimate;
  difference: number;
  /** True when the intervals have no point in common; null where there are none. */
  isApart: boolean | null;
}

/** The numbers that both documents hold in the same unit, those whose intervals lie apart first. */
export function pairsOf(a: Document, b: Document): Pair[] {
  const others = new Map(b.sections.flatMap((s) => s.estimates).map((e) => [e.id, e]));
  const pairs: Pair[] = [];
  for (const first of a.sections.flatMap((s) => s.estimates)) {
    const second = others.get(first.id);
    if (!second || first.value === null || second.value === null || unitOf(first) !== unitOf(second))
      continue;
    const isApart =
      first.interval && second.interval
        ? first.value !== second.value &&
          (first.interval.high < second.interval.low || second.interval.high < first.interval.low)
        : null;
    pairs.push({ id: first.id, a: first, b: second, difference: second.value - first.value, isApart });
  }
  const rank = (pair: Pair): number => (pair.isApart === true ? 0 : pair.isApart === null ? 2 : 1);
  return pairs.sort((x, y) => rank(x) - rank(y));
}

const unitOf = (e: Estimate): string => JSON.stringify(e.unit ?? 'plain');

/** Metrics that a first look at cohorts needs, in this order. */
const FIRST = [
  'accuracy',
  'zero_one_loss',
  'balanced_accuracy',
  'precision',
  'recall',
  'f1',
  'roc_auc',
  'log_loss',
  'brier_score',
  'expected_calibration_error',
  'selection_rate',
  'base_rate',
  'r2',
  'mean_absolute_error',
  'root_mean_squared_error',
  'mean_squared_error',
  'median_absolute_error',
  'mean_error',
  'pinball_loss',
];

/** A cohort and the section that speaks of it. */
export interface Side {
  name: string;
  section: Section;
  /** The cohort by which its estimates are named within the section; null when the section is about it alone. */
  within: string | null;
}

/** One table of metrics with a column for each cohort, and a section that holds its estimates. */
export function sideBySide(sides: Side[]): { section: Section; table: Table } {
  const estimates: Estimate[] = [];
  const metrics: string[] = [];
  const byKey = new Map<string, string>();
  sides.forEach(({ section, within }, i) => {
    for (const e of section.estimates) {
      const id = parseId(e.id);
      if (!id || id.columns.length > 0 || id.aggregate !== null || id.cohort !== within) continue;
      if (!metrics.includes(id.metric)) metrics.push(id.metric);
      const own = `side.m${i}[metric="${id.metric}"]`;
      estimates.push({ ...e, id: own });
      byKey.set(`${i} ${id.metric}`, own);
    }
  });
  const rank = (m: string): number =>
    FIRST.includes(m) ? FIRST.indexOf(m) : FIRST.length + metrics.indexOf(m);
  const shared = metrics
    .filter((m) => sides.every((_, i) => byKey.has(`${i} ${m}`)))
    .sort((a, b) => rank(a) - rank(b));
  const table: Table = {
    id: 'side_by_side',
    title: '',
    columns: [
      { id: 'metric', title: 'Metric', type: 'text', values: shared.map((m) => nameOf(`x.${m}`)) },
      ...sides.map((side, i) => ({
        id: `side${i}`,
        title: side.name,
        type: 'estimate' as const,
        values: shared.map((m) => byKey.get(`${i} ${m}`) ?? null),
      })),
    ],
  };
  const section: Section = {
    id: 'side',
    title: '',
    question: '',
    notes: [],
    estimates,
    tables: [table],
    blocks: [],
  };
  return { section, table };
}

/** The numbers of a document that are differences between a cohort and other rows: of the model first, the clearest first. */
export function differencesOf(document: Document, cohorts: string[]): Section {
  const found = document.sections
    .flatMap((s) => s.estimates)
    .filter((e) => {
      const id = parseId(e.id);
      if (!id || id.cohort === null || !cohorts.includes(id.cohort) || e.value === null) return false;
      // A gap between groups within the cohort is no difference of the cohort itself.
      const isOfCohort =
        id.aggregate === 'rest' ||
        (id.aggregate === 'difference_to_rest' && id.columns.length === 0) ||
        (id.section === 'explain' && id.aggregate === 'difference');
      return isOfCohort && e.interval !== null;
    });
  const distance = (e: Estimate): number => {
    if (!e.interval || e.value === null) return 0;
    const half = (e.interval.high - e.interval.low) / 2;
    return half > 0 ? Math.abs(e.value) / half : Infinity;
  };
  const isExplorer = (e: Estimate): boolean => e.id.startsWith('explorer.');
  const estimates = found.sort(
    (a, b) => Number(isExplorer(a)) - Number(isExplorer(b)) || distance(b) - distance(a),
  );
  return { id: 'differences', title: '', question: '', notes: [], estimates, tables: [], blocks: [] };
}
