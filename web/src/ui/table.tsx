/** Tables: sorted by a click on a heading, filtered, and drawn only where they are seen. */
import { useVirtualizer } from '@tanstack/react-virtual';
import { useMemo, useRef, useState, type ReactElement, type ReactNode } from 'react';
import { whyMissing } from '../document/words';
import type { Column, Frame } from '../document/look';
import { useWords } from '../i18n';

/** From so many rows on, only those that are seen are drawn. */
const MOST_WHOLE = 80;
const ROW = 32;

interface Sort {
  id: string;
  down: boolean;
}

interface Props {
  frame: Frame;
  title: string;
  /** A cell at the end of each row. */
  action?: ((row: number) => ReactNode) | undefined;
  actionTitle?: string;
}

/** A table of a document. */
export function DataTable({ frame, title, action, actionTitle = '' }: Props): ReactElement {
  const t = useWords();
  const [sort, setSort] = useState<Sort | null>(null);
  const [wanted, setWanted] = useState('');
  const rows = useMemo(() => ordered(frame, sort, wanted.trim().toLowerCase()), [frame, sort, wanted]);
  const columns = frame.columns.filter((c) => !(c.id === 'predicate' && action));
  const room = useRef<HTMLDivElement>(null);
  const isLong = rows.length > MOST_WHOLE;
  const virtual = useVirtualizer({
    count: isLong ? rows.length : 0,
    getScrollElement: () => room.current,
    estimateSize: () => ROW,
    overscan: 12,
    initialRect: { width: 800, height: 480 },
  });
  const items = virtual.getVirtualItems();
  const first = items[0]?.start ?? 0;
  const end = virtual.getTotalSize() - (items.at(-1)?.end ?? 0);
  const shown = isLong
    ? items.map((item) => ({ row: rows[item.index] ?? 0, place: item.index }))
    : rows.map((row, place) => ({ row, place }));
  if (frame.n === 0) return <p className="soft">{t('empty_table')}</p>;
  return (
    <div className="table">
      {frame.n > 20 && (
        <label className="table-filter">
          {t('filter_names')}{' '}
          <input type="search" value={wanted} onChange={(e) => setWanted(e.target.value)} />
          <span className="soft">{t('shown_of', { n: rows.length, of: frame.n })}</span>
        </label>
      )}
      <div
        className={isLong ? 'table-room long' : 'table-room'}
        ref={room}
        tabIndex={0}
        role="region"
        aria-label={title}
      >
        <table aria-rowcount={rows.length + 1}>
          <caption className="hidden">{title}</caption>
          <thead>
            <tr>
              {columns.map((c) => (
                <Heading key={c.id} column={c} sort={sort} onSort={setSort} />
              ))}
              {action && <th scope="col">{actionTitle}</th>}
            </tr>
          </thead>
          <tbody>
            {isLong && first > 0 && <tr aria-hidden="true" style={{ height: first }} />}
            {shown.map(({ row, place }) => (
              <tr key={row} aria-rowindex={place + 2}>
                {columns.map((c, i) => (
                  <TableCell key={c.id} column={c} row={row} isHead={i === 0} isShort={isLong} />
                ))}
                {action && <td className="action">{action(row)}</td>}
              </tr>
            ))}
            {isLong && end > 0 && <tr aria-hidden="true" style={{ height: end }} />}
          </tbody>
        </table>
      </div>
    </div>
  );
}

function Heading({
  column,
  sort,
  onSort,
}: {
  column: Column;
  sort: Sort | null;
  onSort: (sort: Sort | null) => void;
}): ReactElement {
  const t = useWords();
  const own = sort?.id === column.id ? sort : null;
  const next =
    own === null
      ? { id: column.id, down: column.isNumeric }
      : own.down === column.isNumeric
        ? { id: column.id, down: !own.down }
        : null;
  return (
    <th
      scope="col"
      className={column.isNumeric ? 'num' : ''}
      aria-sort={own ? (own.down ? 'descending' : 'ascending') : 'none'}
    >
      <button
        type="button"
        className="sorter"
        title={t('sort_by', { column: column.title })}
        onClick={() => onSort(next)}
      >
        <bdi>{column.title}</bdi>
        <span aria-hidden="true">{own ? (own.down ? ' ↓' : ' ↑') : ''}</span>
      </button>
    </th>
  );
}

function TableCell({
  column,
  row,
  isHead,
  isShort,
}: {
  column: Column;
  row: number;
  isHead: boolean;
  isShort: boolean;
}): ReactElement {
  const t = useWords();
  const cell = column.cell(row);
  const Tag = isHead ? 'th' : 'td';
  const props = {
    className: `${column.isNumeric ? 'num' : ''}${isShort ? ' short' : ''}`,
    ...(isHead ? { scope: 'row' as const } : {}),
  };
  if (cell.text !== null)
    return (
      <Tag {...props} title={cell.text.length > 40 ? cell.text : undefined}>
        <bdi>{cell.text}</bdi>
      </Tag>
    );
  if (cell.value === null) {
    const why = cell.missing ? whyMissing(cell.missing) : '';
    return (
      <Tag {...props} title={why || undefined}>
        <span className="soft">{cell.missing ? `– ${why}` : '–'}</span>
      </Tag>
    );
  }
  const style = column.styleAt(row);
  return (
    <Tag {...props}>
      <span className="value">{style.full(cell.value)}</span>
      {cell.interval && (
        <span className="between">
          {' '}
          [{style.bare(cell.interval.low)}, {style.bare(cell.interval.high)}]
        </span>
      )}
      {cell.small && (
        <span className="flag" title={t('small_says')}>
          {' '}
          † {t('small_flag')}
        </span>
      )}
    </Tag>
  );
}

/** Rows that hold the wanted text, in the wanted order; missing values come last. */
function ordered(frame: Frame, sort: Sort | null, wanted: string): number[] {
  let rows = Array.from({ length: frame.n }, (_, row) => row);
  if (wanted) {
    const texts = frame.columns.filter((c) => c.raw.type === 'text');
    const looked = texts.length > 0 ? texts : frame.columns;
    rows = rows.filter((row) => looked.some((c) => c.label(row).toLowerCase().includes(wanted)));
  }
  const column = sort ? frame.column(sort.id) : null;
  if (!sort || !column) return rows;
  const sign = sort.down ? -1 : 1;
  return rows.sort((a, b) => {
    const [x, y] = [column.cell(a), column.cell(b)];
    if (column.isNumeric) {
      if (x.value === null || y.value === null) return Number(x.value === null) - Number(y.value === null);
      return sign * (x.value - y.value);
    }
    if (x.text === null || y.text === null) return Number(x.text === null) - Number(y.text === null);
    return sign * x.text.localeCompare(y.text, undefined, { numeric: true });
  });
}
