/** One row: its values to change, its prediction as they change, the explanation, counterfactuals. */
import {
  keepPreviousData,
  useMutation,
  useQuery,
  useQueryClient,
  type UseQueryResult,
} from '@tanstack/react-query';
import { useEffect, useRef, useState, type ReactElement } from 'react';
import type { ColumnInfo, Prediction, Progress, Rows } from '../api/types';
import { fitting } from '../document/format';
import type { Section } from '../generated/document';
import { useWords } from '../i18n';
import { useRoute } from '../state/route';
import { sectionOf, useCurrent, useSession } from '../state/session';
import { Problem, Working } from '../ui/controls';
import { BlockFigure } from '../ui/figure';
import { Notes } from '../ui/notes';
import { CounterfactualSearch } from './counterfactuals';
import { Editor, isNumeric, type Edits } from './editor';
import { AlongFeature } from './ice';
import { PinList, inWords, usePins } from './pins';
import { useWhy } from './why';

/** Everything about one row. */
export function RowPanel({ row, columns }: { row: number; columns: ColumnInfo[] }): ReactElement {
  const t = useWords();
  const { client } = useSession();
  const { info, document } = useCurrent();
  const features = columns.filter((c) => !c.name.startsWith('_') && isInput(c, document.model?.features));
  const values = useQuery({
    queryKey: ['row', info.id, row],
    staleTime: Infinity,
    retry: false,
    queryFn: async () => {
      if (!client) throw new Error('there is no server');
      const query = new URLSearchParams({ predicate: `_index = ${row}`, offset: '0', limit: '1' });
      const found = await client.ask<Rows>(
        `assessments/${encodeURIComponent(info.id)}/rows?${query.toString()}`,
      );
      const own = found.rows[0];
      if (!own) throw new Error(`there is no row ${row}`);
      return Object.fromEntries(found.columns.map((name, i) => [name, own[i] ?? null])) as Edits;
    },
  });
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    heading.current?.scrollIntoView({ block: 'nearest' });
    // Who chose the row in the table goes on here, and not through the rest of the table.
    if (window.document.activeElement?.closest('.table-room.rows'))
      heading.current?.focus({ preventScroll: true });
  }, []);
  return (
    <section className="row-panel" aria-labelledby="row-title">
      <h3 id="row-title" ref={heading} tabIndex={-1}>
        {t('select_row', { n: row })}
      </h3>
      <Problem error={values.error} />
      {values.isLoading && <Working progress={null} />}
      {values.data && <RowWork row={row} columns={features} values={values.data} />}
    </section>
  );
}

/** The model's own inputs where they are known, otherwise the features. */
const isInput = (column: ColumnInfo, inputs: string[] | undefined): boolean =>
  inputs && inputs.length > 0
    ? inputs.includes(column.name) || column.roles.includes('feature')
    : column.roles.includes('feature');

function RowWork({
  row,
  columns,
  values,
}: {
  row: number;
  columns: ColumnInfo[];
  values: Edits;
}): ReactElement {
  const t = useWords();
  const route = useRoute();
  const { document } = useCurrent();
  const pins = usePins();
  const [edits, setEdits] = useState<Edits | null>(null);
  // An address may name a pin, whose values are in place until somebody changes them.
  const named = pins.pins.find((p) => String(p.pin) === route.options.pin && p.row === row);
  const current = edits ?? (named?.set as Edits | undefined) ?? NOTHING;
  const changed = Object.keys(current).length > 0;
  const predicted = usePredictions(values, current);
  // A search tells values as texts; the editor and the model want numbers where a column holds them.
  const typed = (set: Record<string, string>): Edits =>
    Object.fromEntries(
      Object.entries(set).map(([name, value]) => {
        const column = columns.find((c) => c.name === name);
        return [name, column && isNumeric(column) && value.trim() !== '' ? Number(value) : value];
      }),
    );
  return (
    <>
      <div className="row-grid">
        <div>
          <h4>{t('row_edit')}</h4>
          <p className="soft">{t('row_edit_hint')}</p>
          <Predictions query={predicted.query} isChanged={changed} />
          <div className="row">
            <button type="button" disabled={!changed} onClick={() => setEdits(NOTHING)}>
              {t('reset')}
            </button>
            <button
              type="button"
              disabled={!changed || !predicted.isCurrent}
              onClick={() => {
                const says = inWords(predicted.query.data?.predictions[1], document.classes);
                pins.add({ row, set: current, says });
              }}
            >
              {t('pin')}
            </button>
          </div>
          <Editor columns={columns} values={values} edits={current} onChange={setEdits} />
        </div>
        <div>
          <Explanation row={row} edits={current} />
          <AlongFeature columns={columns} values={values} edits={current} />
        </div>
      </div>
      <PinList row={row} onUse={setEdits} />
      <CounterfactualSearch
        row={row}
        onUse={(found) => setEdits(typed(found.set))}
        onPin={(found) => pins.add({ row, set: typed(found.set), says: found.says })}
      />
    </>
  );
}

const NOTHING: Edits = {};

/** What the model says of the row as it is, and as it would be. */
function usePredictions(
  values: Edits,
  edits: Edits,
): { query: UseQueryResult<{ predictions: Prediction[] }>; isCurrent: boolean } {
  const { client } = useSession();
  const { info } = useCurrent();
  const [settled, setSettled] = useState(edits);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(edits), 120);
    return () => clearTimeout(timer);
  }, [edits]);
  const plain = Object.fromEntries(Object.entries(values).filter(([name]) => !name.startsWith('_')));
  const query = useQuery({
    queryKey: ['predict', info.id, values._index, settled],
    staleTime: Infinity,
    retry: false,
    placeholderData: keepPreviousData,
    queryFn: async ({ signal }) => {
      if (!client) throw new Error('there is no server');
      const rows = [plain, { ...plain, ...settled }];
      const path = `assessments/${encodeURIComponent(info.id)}/predict`;
      return client.ask<{ predictions: Prediction[] }>(path, { method: 'POST', body: { rows }, signal });
    },
  });
  return { query, isCurrent: settled === edits && !query.isPlaceholderData && !query.isFetching };
}

/** The prediction as it is, and as it would be. */
function Predictions({
  query,
  isChanged,
}: {
  query: UseQueryResult<{ predictions: Prediction[] }>;
  isChanged: boolean;
}): ReactElement {
  const t = useWords();
  const [before, after] = query.data?.predictions ?? [];
  return (
    <div aria-live="polite">
      <Problem error={query.error} />
      <div className="cards">
        {before && <PredictionCard title={t('prediction_before')} prediction={before} />}
        {after && isChanged && (
          <PredictionCard
            title={t('prediction_after')}
            prediction={after}
            isChanged={after.predicted !== before?.predicted}
          />
        )}
      </div>
    </div>
  );
}

function PredictionCard({
  title,
  prediction,
  isChanged = false,
}: {
  title: string;
  prediction: Prediction;
  isChanged?: boolean;
}): ReactElement {
  const { document } = useCurrent();
  const percent = (x: number): string => fitting({ sign: 'percent' }, [[x, null]]).full(x);
  const likely = prediction.probability ?? [];
  const value =
    prediction.value === null || prediction.value === undefined
      ? null
      : fitting({ sign: 'plain' }, [[prediction.value, null]]).full(prediction.value);
  return (
    <div className={isChanged ? 'card changed' : 'card'}>
      <p className="card-name">{title}</p>
      <p className="card-value">
        <bdi>{prediction.predicted ?? value ?? '–'}</bdi>
      </p>
      {likely.map((p, i) => (
        <p key={i} className="likely">
          <bdi>{document.classes[i] ?? i}</bdi>
          <meter min={0} max={1} value={p} aria-label={document.classes[i] ?? String(i)} />
          <span dir="ltr">{percent(p)}</span>
        </p>
      ))}
    </div>
  );
}

/** Why the row is predicted so, and what the change did. */
function Explanation({ row, edits }: { row: number; edits: Edits }): ReactElement {
  const t = useWords();
  const { client } = useSession();
  const { info } = useCurrent();
  const [progress, setProgress] = useState<Progress | null>(null);
  const at = (path: string): string => `assessments/${encodeURIComponent(info.id)}/${path}?wait=0.25`;
  const { why, progress: asked } = useWhy(row);
  const changed = useMutation({
    mutationFn: async (set: Edits) => {
      if (!client) throw new Error('there is no server');
      return sectionOf(await client.run(at('what-if'), { row, set }, undefined, setProgress));
    },
  });
  const queries = useQueryClient();
  const kept = useMutation({
    mutationFn: async (set: Edits) => {
      if (!client) throw new Error('there is no server');
      await client.run(at('what-if'), { row, set, keep: true });
      await queries.invalidateQueries({ queryKey: ['kept', info.id] });
    },
  });
  const isRunning = why.isFetching || changed.isPending;
  return (
    <div>
      <div className="controls">
        <h4>{t('row_why')}</h4>
        <button
          type="button"
          disabled={Object.keys(edits).length === 0 || changed.isPending}
          onClick={() => changed.mutate(edits)}
        >
          {t('explain_change')}
        </button>
      </div>
      {isRunning && <Working progress={changed.isPending ? progress : asked} />}
      <Problem error={why.error} />
      <Problem error={changed.error} />
      {changed.data && (
        <>
          <KeepButton
            isKept={kept.isSuccess && kept.variables === changed.variables}
            isBusy={kept.isPending}
            onKeep={() => kept.mutate(changed.variables)}
          />
          <Problem error={kept.error} />
          <Answer section={changed.data} />
        </>
      )}
      {why.data && <Answer section={onlyRow(why.data, row)} />}
    </div>
  );
}

/** Of an explanation, what it says of one row. */
function onlyRow(section: Section, row: number): Section {
  const blocks = section.blocks.filter((b) => b.id === `row_${row}` || b.kind === 'waterfall');
  return { ...section, notes: [], blocks };
}

/** Keeps an answer with the assessment. */
export function KeepButton({
  isKept,
  isBusy,
  onKeep,
}: {
  isKept: boolean;
  isBusy: boolean;
  onKeep: () => void;
}): ReactElement {
  const t = useWords();
  return (
    <p className="keep">
      <button type="button" disabled={isKept || isBusy} onClick={onKeep}>
        {isKept ? t('kept_done') : t('keep')}
      </button>
    </p>
  );
}

/** A section without its frame. */
export function Answer({ section }: { section: Section }): ReactElement {
  return (
    <>
      {section.notes.length > 0 && <Notes notes={section.notes} most={3} />}
      <div className="figures">
        {section.blocks.map((block) => (
          <BlockFigure key={block.id} section={section} block={block} />
        ))}
      </div>
    </>
  );
}
