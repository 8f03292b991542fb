/** Counterfactuals as a section holds them: a table with a line for each feature and a column for each one found. */
import type { Section, Table } from '../generated/document';

/** What stands where a counterfactual leaves a value as it is. */
const SAME = '·';
/** The first lines tell of the counterfactual and are no features. */
const HEAD = ['prediction', 'cost'];

/** One counterfactual. */
export interface Found {
  title: string;
  /** The changed values. */
  set: Record<string, string>;
  /** What the model says of it. */
  says: string | null;
}

/** The counterfactuals of a table, none for a table of another make. */
export function foundIn(section: Section, row: number): Found[] {
  const table = section.tables.find((t) => t.id === `row_${row}`);
  return table ? columnsOf(table) : [];
}

function columnsOf(table: Table): Found[] {
  const features = table.columns.find((c) => c.id === 'feature');
  const present = table.columns.find((c) => c.id === 'present');
  if (!features || !present) return [];
  return table.columns
    .filter((c) => /^counterfactual_\d+$/.test(c.id))
    .map((column) => {
      const set: Record<string, string> = {};
      let says: string | null = null;
      column.values.forEach((value, i) => {
        const name = String(features.values[i] ?? '');
        if (value === null || value === undefined || value === SAME || value === '') return;
        if (HEAD[i] === name) says = i === 0 ? String(value) : says;
        else set[name] = String(value);
      });
      return { title: column.title || column.id, set, says };
    })
    .filter((found) => Object.keys(found.set).length > 0);
}
