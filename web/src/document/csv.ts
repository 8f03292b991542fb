/** A table as CSV: numbers as they are in the document, intervals in columns of their own. */
import type { Frame } from './look';

const quoted = (text: string): string => (/[",\n\r]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text);

/** Writes a frame as CSV. */
export function csvOf(frame: Frame): string {
  const head: string[] = [];
  for (const column of frame.columns) {
    head.push(column.id);
    if (column.raw.type === 'estimate')
      head.push(...['low', 'high', 'n', 'small', 'missing'].map((part) => `${column.id}_${part}`));
  }
  const lines = [head.map(quoted).join(',')];
  for (let row = 0; row < frame.n; row++) {
    const cells: string[] = [];
    for (const column of frame.columns) {
      const cell = column.cell(row);
      cells.push(cell.text ?? (cell.value === null ? '' : String(cell.value)));
      if (column.raw.type === 'estimate') {
        const { estimate, interval } = cell;
        cells.push(interval ? String(interval.low) : '', interval ? String(interval.high) : '');
        cells.push(
          estimate ? String(estimate.n) : '',
          estimate ? String(cell.small) : '',
          cell.missing ?? '',
        );
      }
    }
    lines.push(cells.map(quoted).join(','));
  }
  return `${lines.join('\r\n')}\r\n`;
}
