/** One row: its values to change, its prediction as they change, the explanation, counterfactuals. */
import { keepPreviousData, useMutation, useQuery } from '@tanstack/react-query';
import { useEffect, useRef, useState, type ReactElement } from 'react';
import type { ColumnInfo, Prediction, Progress, Rows, Value } from '../api/types';
import { fitting } from '../document/format';
import type { Section } from '../generated/document';
import { useWords } from '../i18n';
import { sectionOf, useCurrent, useSession } from '../state/session';
import { Problem, Working } from '../ui/controls';
import { BlockFigure } from '../ui/figure';
import { Notes } from '../ui/notes';
import { CounterfactualSearch } from './counterfactuals';
import { drop, pin, usePins } from './pins';

type Edits = Record<string, Value>;

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
  const { info } = useCurrent();
  const [edits, setEdits] = useState<Edits>({});
  const changed = Object.keys(edits).length > 0;
  const pins = usePins(info.id);
  return (
    <>
      <div className="row-grid">
        <div>
          <h4>{t('row_edit')}</h4>
          <p className="soft">{t('row_edit_hint')}</p>
          <Predictions values={values} edits={edits} />
          <div className="row">
            <button type="button" disabled={!changed} onClick={() => setEdits({})}>
              {t('reset')}
            </button>
            <button type="button" disabled={!changed} onClick={() => pin(info.id, { row, set: edits })}>
              {t('pin')}
            </button>
          </div>
          <Editor columns={columns} values={values} edits={edits} onChange={setEdits} />
        </div>
        <Explanation row={row} edits={edits} />
      </div>
      {pins.length > 0 && (
        <section className="pins">
          <h4>{t('pinned')}</h4>
          <ul>
            {pins.map((p, i) => (
              <li key={i}>
                {t('select_row', { n: p.row })}:{' '}
                <code dir="ltr">
                  {Object.entries(p.set)
                    .map(([name, value]) => `${name} = ${value ?? '–'}`)
                    .join(', ')}
                </code>{' '}
                {p.row === row && (
                  <button type="button" onClick={() => setEdits(p.set)}>
                    {t('use')}
                  </button>
                )}{' '}
                <button type="button" onClick={() => drop(info.id, i)}>
                  {t('unpin')}
                </button>
              </li>
            ))}
          </ul>
        </section>
      )}
      <CounterfactualSearch row={row} />
    </>
  );
}

/** The prediction as it is, and as it would be. */
function Predictions({ values, edits }: { values: Edits; edits: Edits }): ReactElement {
  const t = useWords();
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
  const [before, after] = query.data?.predictions ?? [];
  return (
    <div aria-live="polite">
      <Problem error={query.error} />
      <div className="cards">
        {before && <PredictionCard title={t('prediction_before')} prediction={before} />}
        {after && Object.keys(edits).length > 0 && (
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

const MOST_FIELDS = 40;

/** A field for each feature. */
function Editor({
  columns,
  values,
  edits,
  onChange,
}: {
  columns: ColumnInfo[];
  values: Edits;
  edits: Edits;
  onChange: (edits: Edits) => void;
}): ReactElement {
  const t = useWords();
  const [wanted, setWanted] = useState('');
  const found = columns.filter((c) => c.name.toLowerCase().includes(wanted.toLowerCase()));
  const set = (name: string, value: Value): void => {
    const next = { ...edits, [name]: value };
    if (value === values[name]) delete next[name];
    onChange(next);
  };
  return (
    <>
      {columns.length > 12 && (
        <input
          type="search"
          aria-label={t('search')}
          placeholder={t('search')}
          value={wanted}
          onChange={(e) => setWanted(e.target.value)}
        />
      )}
      <div className="editor">
        {found.slice(0, MOST_FIELDS).map((c) => (
          <Field
            key={c.name}
            column={c}
            value={c.name in edits ? (edits[c.name] ?? null) : (values[c.name] ?? null)}
            isChanged={c.name in edits}
            onChange={(v) => set(c.name, v)}
          />
        ))}
      </div>
      {found.length > MOST_FIELDS && (
        <span className="soft">{t('shown_of', { n: MOST_FIELDS, of: found.length })}</span>
      )}
    </>
  );
}

function Field({
  column,
  value,
  isChanged,
  onChange,
}: {
  column: ColumnInfo;
  value: Value;
  isChanged: boolean;
  onChange: (value: Value) => void;
}): ReactElement {
  const levels = column.levels ?? [];
  const isNumber = column.type === 'number' || column.type === 'numeric' || column.type === 'integer';
  const list = `levels-${column.name}`;
  return (
    <label className={isChanged ? 'field changed' : 'field'}>
      <span>
        <bdi>{column.name}</bdi>
      </span>
      {isNumber ? (
        <input
          type="number"
          step="any"
          value={value === null ? '' : String(value)}
          onChange={(e) => onChange(e.target.value === '' ? null : Number(e.target.value))}
        />
      ) : levels.length > 0 && levels.length <= 60 ? (
        <select
          value={value === null ? '' : String(value)}
          onChange={(e) => onChange(e.target.value === '' ? null : e.target.value)}
        >
          <option value="">–</option>
          {[...new Set([...(value === null ? [] : [String(value)]), ...levels])].map((l) => (
            <option key={l} value={l}>
              {l}
            </option>
          ))}
        </select>
      ) : (
        <>
          <input
            list={list}
            value={value === null ? '' : String(value)}
            onChange={(e) => onChange(e.target.value === '' ? null : e.target.value)}
          />
          <datalist id={list}>
            {levels.slice(0, 500).map((l) => (
              <option key={l} value={l} />
            ))}
          </datalist>
        </>
      )}
    </label>
  );
}

/** Why the row is predicted so, and what the change did. */
function Explanation({ row, edits }: { row: number; edits: Edits }): ReactElement {
  const t = useWords();
  const { client } = useSession();
  const { info } = useCurrent();
  const [progress, setProgress] = useState<Progress | null>(null);
  const at = (path: string): string => `assessments/${encodeURIComponent(info.id)}/${path}?wait=1`;
  const why = useQuery({
    queryKey: ['why', info.id, row],
    staleTime: Infinity,
    retry: false,
    queryFn: async ({ signal }) => {
      if (!client) throw new Error('there is no server');
      const body = {
        analysis: 'explain',
        predicate: `_index = ${row}`,
        params: { rows: [row] },
        keep: false,
      };
      return onlyRow(sectionOf(await client.run(at('sections'), body, signal, setProgress)), row);
    },
  });
  const changed = useMutation({
    mutationFn: async (set: Edits) => {
      if (!client) throw new Error('there is no server');
      return sectionOf(await client.run(at('what-if'), { row, set }, undefined, setProgress));
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
      {isRunning && <Working progress={progress} />}
      <Problem error={why.error} />
      <Problem error={changed.error} />
      {changed.data && <Answer section={changed.data} />}
      {why.data && <Answer section={why.data} />}
    </div>
  );
}

/** Of an explanation, what it says of one row. */
function onlyRow(section: Section, row: number): Section {
  const blocks = section.blocks.filter((b) => b.id === `row_${row}` || b.kind === 'waterfall');
  return { ...section, notes: [], blocks };
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
