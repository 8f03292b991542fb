/** Single rows: a table of any length, and for a chosen row why, what if, and counterfactuals. */
import { keepPreviousData, useQueries, useQuery } from '@tanstack/react-query';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useRef, useState, type ReactElement } from 'react';
import { Button, Dialog, DialogTrigger, Popover } from 'react-aria-components';
import type { ColumnInfo, Rows, Value } from '../api/types';
import { MISSING, count, fitting } from '../document/format';
import { useWords } from '../i18n';
import { go, setOption, useRoute } from '../state/route';
import { useColumns, useCurrent, useSession } from '../state/session';
import { NeedsLive, Picker, Problem, Working } from '../ui/controls';
import { RowPanel } from './row';

const PAGE = 200;
const ROW = 34;
/** Browsers cannot scroll further than some ten million pixels; more rows are reached in steps. */
const MOST_ROWS = 300_000;
/** Columns that are shown at first. */
const FIRST_COLUMNS = 14;

/** The explorer of rows; as a list alone, a row leads to the view of single rows. */
export function RowsPanel({ isList = false }: { isList?: boolean }): ReactElement {
  const t = useWords();
  const route = useRoute();
  const { info, isLive } = useCurrent();
  const columns = useColumns(info.id, isLive);
  const picked = route.options.row === undefined ? null : Number(route.options.row);
  return (
    <section className="panel" aria-labelledby="rows-title">
      <div className="panel-head">
        <h2 id="rows-title">{t('explorer_rows')}</h2>
        <p className="soft">{t('explorer_rows_hint')}</p>
      </div>
      {!isLive && <NeedsLive />}
      {columns.isLoading && <Working progress={null} />}
      <Problem error={columns.error} />
      {isLive && columns.data && (
        <>
          <RowTable
            columns={columns.data}
            picked={picked}
            onPick={(row) =>
              isList
                ? go({ view: 'counterfactuals', options: { row: String(row) } })
                : setOption('row', String(row))
            }
          />
          {!isList && picked !== null && Number.isInteger(picked) && (
            <RowPanel key={`${info.id} ${picked}`} row={picked} columns={columns.data} />
          )}
        </>
      )}
    </section>
  );
}

/** What people look at first: what happened, what was predicted, then features. */
function firstColumns(columns: ColumnInfo[]): string[] {
  const derived = ['_true', '_predicted', '_probability', '_error'].filter((name) =>
    columns.some((c) => c.name === name),
  );
  const others = columns.filter((c) => !c.name.startsWith('_'));
  const features = [
    ...others.filter((c) => c.roles.includes('feature')),
    ...others.filter((c) => !c.roles.includes('feature')),
  ];
  return [...derived, ...features.slice(0, FIRST_COLUMNS - derived.length).map((c) => c.name)];
}

function RowTable({
  columns,
  picked,
  onPick,
}: {
  columns: ColumnInfo[];
  picked: number | null;
  onPick: (row: number) => void;
}): ReactElement {
  const t = useWords();
  const { client } = useSession();
  const { info, cohort } = useCurrent();
  const [shown, setShown] = useState(() => firstColumns(columns));
  const [sort, setSort] = useState({ by: '', down: false });
  const [start, setStart] = useState(0);
  const room = useRef<HTMLDivElement>(null);
  const names = ['_index', ...shown.filter((c) => c !== '_index')];
  const path = (offset: number): string => {
    const query = new URLSearchParams({ offset: String(offset), limit: String(PAGE) });
    // Commas part the names in the address; a name with one of its own is among all columns.
    if (!names.some((name) => name.includes(','))) query.set('columns', names.join(','));
    if (cohort.predicate !== null) query.set('predicate', cohort.predicate);
    if (sort.by) {
      query.set('sort', sort.by);
      query.set('descending', String(sort.down));
    }
    return `assessments/${encodeURIComponent(info.id)}/rows?${query.toString()}`;
  };
  const page = (offset: number) => ({
    queryKey: ['rows', info.id, cohort.predicate, names.join('\n'), sort, offset],
    staleTime: Infinity,
    retry: false,
    placeholderData: keepPreviousData,
    queryFn: ({ signal }: { signal: AbortSignal }) =>
      client ? client.ask<Rows>(path(offset), { signal }) : Promise.reject(new Error('there is no server')),
  });
  const first = useQuery(page(start));
  const n = first.data?.n ?? 0;
  const inReach = Math.max(0, Math.min(n - start, MOST_ROWS));
  const virtual = useVirtualizer({
    count: inReach,
    getScrollElement: () => room.current,
    estimateSize: () => ROW,
    overscan: 10,
    initialRect: { width: 800, height: 420 },
  });
  const items = virtual.getVirtualItems();
  const pages = [...new Set(items.map((item) => Math.floor(item.index / PAGE)))];
  const loaded = useQueries({ queries: pages.map((p) => page(start + p * PAGE)) });
  const at = new Map(pages.map((p, i) => [p, loaded[i]?.data]));
  const top = items[0]?.start ?? 0;
  const below = virtual.getTotalSize() - (items.at(-1)?.end ?? 0);
  return (
    <>
      <div className="controls">
        <Picker
          label={t('sort')}
          value={sort.by}
          options={[{ id: '', name: '–' }, ...columns.map((c) => ({ id: c.name, name: c.name }))]}
          onChange={(by) => setSort({ ...sort, by })}
        />
        <label className="check">
          <input
            type="checkbox"
            checked={sort.down}
            onChange={(e) => setSort({ ...sort, down: e.target.checked })}
          />{' '}
          {t('descending')}
        </label>
        <ColumnChooser columns={columns} shown={shown} onChange={setShown} />
        <span className="soft" aria-live="polite">
          {first.isPlaceholderData || first.isLoading
            ? t('loading')
            : t('rows_from', {
                from: count(n === 0 ? 0 : start + 1),
                to: count(start + inReach),
                n: count(n),
              })}
        </span>
        {start > 0 && (
          <button type="button" onClick={() => setStart(Math.max(0, start - MOST_ROWS))}>
            {t('earlier_rows')}
          </button>
        )}
        {start + inReach < n && (
          <button type="button" onClick={() => setStart(start + MOST_ROWS)}>
            {t('later_rows')}
          </button>
        )}
      </div>
      <Problem error={first.error} />
      <div
        className={first.isPlaceholderData ? 'table-room rows stale' : 'table-room rows'}
        aria-busy={first.isFetching}
        ref={room}
        tabIndex={0}
        role="region"
        aria-label={t('n_rows')}
      >
        <table aria-rowcount={n + 1}>
          <thead>
            <tr>
              {names.map((name) => (
                <th key={name} scope="col">
                  <bdi>{name === '_index' ? t('row') : name}</bdi>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {top > 0 && <tr aria-hidden="true" style={{ height: top }} />}
            {items.map((item) => {
              const loadedPage = at.get(Math.floor(item.index / PAGE));
              const own = loadedPage?.rows[item.index % PAGE];
              const values = own && names.map((name) => own[loadedPage?.columns.indexOf(name) ?? -1] ?? null);
              const index = Number(values?.[0]);
              return (
                <tr
                  key={item.key}
                  style={{ height: ROW }}
                  aria-rowindex={start + item.index + 2}
                  className={values && index === picked ? 'on' : ''}
                >
                  {names.map((name, i) =>
                    i === 0 ? (
                      <th key={name} scope="row">
                        {values && (
                          <button
                            type="button"
                            className="link"
                            aria-pressed={index === picked}
                            aria-label={t('select_row', { n: index })}
                            onClick={() => onPick(index)}
                          >
                            {index}
                          </button>
                        )}
                      </th>
                    ) : (
                      <td key={name} className={typeof values?.[i] === 'number' ? 'num short' : 'short'}>
                        <bdi>{shownValue(values?.[i])}</bdi>
                      </td>
                    ),
                  )}
                </tr>
              );
            })}
            {below > 0 && <tr aria-hidden="true" style={{ height: below }} />}
          </tbody>
        </table>
      </div>
    </>
  );
}

function shownValue(value: Value | undefined): string {
  if (value === undefined) return '…';
  if (value === null) return MISSING;
  if (typeof value !== 'number') return String(value);
  return Number.isInteger(value) ? String(value) : fitting({ sign: 'plain' }, [[value, null]]).full(value);
}

function ColumnChooser({
  columns,
  shown,
  onChange,
}: {
  columns: ColumnInfo[];
  shown: string[];
  onChange: (shown: string[]) => void;
}): ReactElement {
  const t = useWords();
  const [wanted, setWanted] = useState('');
  const found = columns.filter(
    (c) => c.name !== '_index' && c.name.toLowerCase().includes(wanted.toLowerCase()),
  );
  const toggle = (name: string): void =>
    onChange(shown.includes(name) ? shown.filter((s) => s !== name) : [...shown, name]);
  return (
    <DialogTrigger>
      <Button>
        {t('choose_columns')} ({shown.length})
      </Button>
      <Popover className="popover">
        <Dialog className="chooser" aria-label={t('choose_columns')}>
          <input
            type="search"
            aria-label={t('search')}
            placeholder={t('search')}
            value={wanted}
            onChange={(e) => setWanted(e.target.value)}
          />
          <div className="level-list" tabIndex={0} role="group" aria-label={t('choose_columns')}>
            {found.slice(0, 100).map((c) => (
              <label key={c.name}>
                <input type="checkbox" checked={shown.includes(c.name)} onChange={() => toggle(c.name)} />{' '}
                <bdi>{c.name}</bdi>
              </label>
            ))}
          </div>
          <span className="soft">{t('shown_of', { n: Math.min(100, found.length), of: found.length })}</span>
        </Dialog>
      </Popover>
    </DialogTrigger>
  );
}
