/** The words around numbers: names of estimates, the order of notes, the document's title. */
import type { Document, Estimate, Missing, Note, Section } from '../generated/document';
import { parseId } from './ids';

const SPECIAL: Record<string, string> = {
  auc: 'AUC',
  roc: 'ROC',
  pr: 'PR',
  f1: 'F1',
  r2: 'R²',
  ece: 'ECE',
  kl: 'KL',
  js: 'JS',
  ks: 'KS',
  id: 'ID',
  brier: 'Brier',
  gini: 'Gini',
  cohen: 'Cohen',
  theil: 'Theil',
  matthews: 'Matthews',
  wasserstein: 'Wasserstein',
};

/** `true_positive_rate` as `True positive rate`. */
export function phrase(code: string): string {
  const words = code.split(/[_-]/).filter(Boolean);
  return capitalised(words.map((word) => SPECIAL[word] ?? word).join(' '));
}

const capitalised = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

const AGGREGATES: Record<string, string> = {
  group_min: 'lowest group',
  group_max: 'highest group',
};

/** An estimate's id in words: `Selection rate, difference by sex and race, in young`. */
export function nameOf(text: string): string {
  const id = parseId(text);
  if (!id) return text;
  const columns = id.columns.filter((s) => s.group === null).map((s) => s.column);
  const groups = id.columns.filter((s) => s.group !== null).map((s) => `${s.column} = ${s.group}`);
  const by = columns.length > 0 ? ` by ${joined(columns)}` : '';
  const aggregate = id.aggregate ? (AGGREGATES[id.aggregate] ?? id.aggregate.replace(/[_-]/g, ' ')) : null;
  const head = phrase(id.metric) + (aggregate ? `, ${aggregate}${by}` : by);
  return [
    head,
    ...(groups.length > 0 ? [groups.join(', ')] : []),
    ...(id.cohort ? [`in ${id.cohort}`] : []),
  ].join(', ');
}

function joined(names: string[]): string {
  return names.length > 1 ? `${names.slice(0, -1).join(', ')} and ${names.at(-1)}` : (names[0] ?? '');
}

const REASONS: Record<Missing | 'not_in_document', string> = {
  empty: 'there are no rows',
  no_positives: 'no row is truly positive',
  no_negatives: 'no row is truly negative',
  no_selected: 'no row was predicted positive',
  no_unselected: 'no row was predicted negative',
  one_class: 'only one class occurs',
  below_min_size: 'there are fewer rows than the asked minimum',
  no_variation: 'all values are equal',
  zero_denominator: 'the denominator is zero',
  no_probability: 'it needs probabilities and there are none',
  fewer_than_two_groups: 'fewer than two groups have a value',
  not_finite: 'the result is not a finite number',
  zero_weight: 'all weights are zero',
  not_in_document: 'the document does not hold this number',
};

/** Why a number is missing. */
export function whyMissing(code: string): string {
  return (REASONS as Record<string, string>)[code] ?? code.replace(/_/g, ' ');
}

const READING: Note['level'][] = ['concern', 'failure', 'caution', 'finding', 'info'];

/** Notes worst first; equal levels keep the order of the document. */
export function inReadingOrder<N extends { level: Note['level'] }>(notes: N[]): N[] {
  const rank = (note: N): number => {
    const at = READING.indexOf(note.level);
    return at < 0 ? READING.length : at;
  };
  return [...notes].sort((a, b) => rank(a) - rank(b));
}

/** The estimates that stand for a section at first sight. */
export function headlines(section: Section, most: number): Estimate[] {
  const isWhole = (id: string): boolean => {
    const parsed = parseId(id);
    return parsed !== null && parsed.cohort === null && parsed.columns.every((s) => s.group === null);
  };
  const byId = new Map(section.estimates.map((e) => [e.id, e]));
  const spoken = inReadingOrder(section.notes)
    .filter((n) => n.level === 'concern' || n.level === 'finding')
    .flatMap((n) => n.about ?? [])
    .filter(isWhole)
    .flatMap((id) => byId.get(id) ?? []);
  const first = section.estimates.filter((e) => e.value !== null && isWhole(e.id));
  const chosen = new Map<string, Estimate>();
  for (const estimate of [...spoken, ...first]) {
    if (chosen.size >= most) break;
    chosen.set(estimate.id, estimate);
  }
  return [...chosen.values()];
}

/** The title of a document: what was assessed, on what. */
export function titleOf(document: Document): string {
  const input = (role: string): string | undefined =>
    document.provenance.inputs.find((i) => i.role === role)?.name;
  const [model, data, target] = [input('model'), input('test'), document.spec.target];
  if (model && data) return `${model} on ${data}`;
  if (data && target) return `Predictions of ${target} in ${data}`;
  return data ?? model ?? target ?? 'Assessment';
}
