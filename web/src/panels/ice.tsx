/** What the model says of one row along one of its features, as it is and as it is changed. */
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useEffect, useMemo, useState, type ReactElement } from 'react';
import { drawCurve } from '../charts/curve';
import { drawRows } from '../charts/rows';
import type { ColumnInfo, Prediction, Value } from '../api/types';
import { frameAround } from '../document/tables';
import { lookAt } from '../document/look';
import { sectionAround } from '../document/tables';
import type { Table } from '../generated/document';
import { useWords } from '../i18n';
import { setOption, useRoute } from '../state/route';
import { useCurrent, useSession } from '../state/session';
import { Picker, Problem, Working } from '../ui/controls';
import { Figure } from '../ui/figure';
import { isNumeric, type Edits } from './editor';

/** Places along a number, and names of a category. */
const PLACES = 40;
const MOST_NAMES = 30;

/** The values of a column to try, with the row's own among them. */
export function placesAlong(column: ColumnInfo, own: Value): Value[] {
  if (!isNumeric(column)) return (column.levels ?? []).slice(0, MOST_NAMES);
  const [low, high] = [column.min, column.max];
  if (typeof low !== 'number' || typeof high !== 'number' || low >= high) return [];
  const isWhole = Number.isInteger(low) && Number.isInteger(high) && (own === null || Number.isInteger(own));
  const steps = isWhole ? Math.min(PLACES, high - low) : PLACES;
  const places = Array.from({ length: steps + 1 }, (_, i) => {
    const x = low + ((high - low) * i) / steps;
    return isWhole ? Math.round(x) : x;
  });
  if (typeof own === 'number') places.push(own);
  return [...new Set(places)].sort((a, b) => a - b);
}

/** The picture for a feature that is chosen. */
export function AlongFeature({
  columns,
  values,
  edits,
}: {
  columns: ColumnInfo[];
  values: Edits;
  edits: Edits;
}): ReactElement | null {
  const t = useWords();
  const route = useRoute();
  const { client } = useSession();
  const { info, document } = useCurrent();
  const changed = Object.keys(edits);
  const wanted = route.options.along ?? changed[0] ?? '';
  const column = columns.find((c) => c.name === wanted) ?? columns.find(isNumeric) ?? columns[0];
  const [settled, setSettled] = useState(edits);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(edits), 250);
    return () => clearTimeout(timer);
  }, [edits]);
  const places = useMemo(
    () => (column ? placesAlong(column, settled[column.name] ?? values[column.name] ?? null) : []),
    [column, settled, values],
  );
  const isChanged = Object.keys(settled).some((name) => name !== column?.name);
  const answer = useQuery({
    queryKey: ['along', info.id, values._index, column?.name, settled],
    enabled: places.length > 1,
    staleTime: Infinity,
    retry: false,
    placeholderData: keepPreviousData,
    queryFn: async ({ signal }) => {
      if (!client || !column) throw new Error('there is no server');
      const plain = Object.fromEntries(Object.entries(values).filter(([name]) => !name.startsWith('_')));
      const sides = isChanged ? [plain, { ...plain, ...settled }] : [plain];
      const rows = sides.flatMap((side) => places.map((x) => ({ ...side, [column.name]: x })));
      const path = `assessments/${encodeURIComponent(info.id)}/predict`;
      const { predictions } = await client.ask<{ predictions: Prediction[] }>(path, {
        method: 'POST',
        body: { rows },
        signal,
      });
      return { predictions, places, name: column.name };
    },
  });
  if (!column) return null;
  const positive = document.classes.at(-1) ?? '';
  const table = answer.data && tableOf(answer.data, t('prediction_before'), t('prediction_after'), positive);
  const section = table && sectionAround(table);
  const frame = table && frameAround(table);
  return (
    <section className="along" aria-label={t('along')}>
      <div className="controls">
        <h4>{t('along')}</h4>
        <Picker
          label={t('feature')}
          value={column.name}
          options={columns.map((c) => ({ id: c.name, name: c.name }))}
          onChange={(name) => setOption('along', name)}
        />
      </div>
      <Problem error={answer.error} />
      {answer.isFetching && <Working progress={null} />}
      {section && frame && (
        <Figure
          title={`${t('along')}: ${answer.data?.name ?? ''}`}
          says={t('along_hint')}
          frame={frame}
          render={(width) =>
            table.columns[0]?.type === 'number'
              ? drawCurve({ look: lookAt(section), frame, width, t }, { x: 'x', y: 'y', series: 'row' })
              : drawRows(
                  { look: lookAt(section), frame, width, t },
                  { label: 'x', value: 'y', series: 'row' },
                  'dots',
                )
          }
        />
      )}
    </section>
  );
}

function tableOf(
  { predictions, places, name }: { predictions: Prediction[]; places: Value[]; name: string },
  before: string,
  after: string,
  positive: string,
): Table {
  const isNumber = places.every((x) => typeof x === 'number');
  const xs = predictions.map((_, i) => places[i % places.length] ?? null);
  const isShare = predictions.some((p) => (p.probability ?? []).length > 0);
  const ys = predictions.map((p) => p.value ?? p.probability?.at(-1) ?? null);
  return {
    id: 'along',
    title: name,
    columns: [
      isNumber
        ? { id: 'x', title: name, type: 'number', values: xs.map(Number) }
        : { id: 'x', title: name, type: 'text', values: xs.map(String) },
      { id: 'row', title: '', type: 'text', values: xs.map((_, i) => (i < places.length ? before : after)) },
      { id: 'y', title: positive, type: 'number', unit: isShare ? 'share' : 'plain', values: ys },
    ],
  };
}
