/** Estimates as a table, for lists of numbers that no block shows. */
import type { Estimate, Section, Table } from '../generated/document';
import { nameOf } from './words';

/** A section with one table: a line for each estimate. */
export function estimatesSection(
  section: Section,
  estimates: Estimate[],
): { section: Section; table: Table } {
  const table: Table = {
    id: 'estimates',
    title: section.title,
    columns: [
      { id: 'name', title: 'Number', type: 'text', values: estimates.map((e) => nameOf(e.id)) },
      { id: 'value', title: 'Value', type: 'estimate', values: estimates.map((e) => e.id) },
      { id: 'n', title: 'Rows', unit: 'rows', type: 'integer', values: estimates.map((e) => e.n) },
      {
        id: 'method',
        title: 'Interval by',
        type: 'text',
        values: estimates.map((e) => e.interval?.method.replace(/_/g, ' ') ?? null),
      },
      {
        id: 'adjusted_p',
        title: 'p (adjusted)',
        type: 'number',
        values: estimates.map((e) => e.p_value?.adjusted ?? e.p_value?.value ?? null),
      },
      { id: 'id', title: 'Id', type: 'text', values: estimates.map((e) => e.id) },
    ],
  };
  return { section: { ...section, tables: [table] }, table };
}
