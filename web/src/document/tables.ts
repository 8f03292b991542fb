/** Tables out of tables: some rows of one, or numbers with ends made into numbers with intervals. */
import type { Estimate, Section, Table, TableColumn } from '../generated/document';
import { Frame, lookAt } from './look';

/** Some rows of a table. */
export function sliced(table: Table, keep: (row: number) => boolean): Table {
  const rows = Array.from({ length: table.columns[0]?.values.length ?? 0 }, (_, row) => row).filter(keep);
  const columns = table.columns.map(
    (c) => ({ ...c, values: rows.map((row) => c.values[row] ?? null) }) as TableColumn,
  );
  return { ...table, columns };
}

/** The rows of a table where a column holds a text. */
export function where(table: Table, column: string, value: string): Table {
  const values = table.columns.find((c) => c.id === column)?.values ?? [];
  return sliced(table, (row) => String(values[row] ?? '') === value);
}

/** A section that holds one table and the numbers of its cells. */
export function sectionAround(table: Table, estimates: Estimate[] = []): Section {
  return { id: 'made', title: table.title, question: '', notes: [], estimates, tables: [table], blocks: [] };
}

/** A table by itself. */
export const frameAround = (table: Table, estimates: Estimate[] = []): Frame =>
  new Frame(table, lookAt(sectionAround(table, estimates)));

interface Ends {
  value: string;
  low: string;
  high: string;
}

/**
 * A frame in which the column `value` has intervals from the columns of its ends, which then need not stand in the table
 * themselves. The ends come from the document; only where they stand is changed.
 */
export function withIntervals(table: Table, names: Ends, level: number): Frame {
  const column = (id: string): TableColumn | undefined => table.columns.find((c) => c.id === id);
  const [values, lows, highs] = [column(names.value), column(names.low), column(names.high)];
  if (!values || !lows || !highs) return frameAround(table);
  const at = (c: TableColumn, row: number): number | null => {
    const x = c.values[row];
    return typeof x === 'number' ? x : null;
  };
  const estimates: Estimate[] = [];
  const ids = values.values.map((_, row) => {
    const [value, low, high] = [at(values, row), at(lows, row), at(highs, row)];
    const id = `made.${names.value}_${row}`;
    const interval = low === null || high === null ? null : { low, high, level, method: 'as in the table' };
    estimates.push({ id, value, interval, n: 0, unit: values.unit ?? 'plain', better: 'neither' });
    return id;
  });
  const columns = table.columns
    .filter((c) => c !== lows && c !== highs)
    .map((c): TableColumn => (c === values ? { ...c, type: 'estimate', values: ids } : c));
  return frameAround({ ...table, columns }, estimates);
}
