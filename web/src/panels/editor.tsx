/** The values of a row, to be changed. */
import { useState, type ReactElement } from 'react';
import type { ColumnInfo, Value } from '../api/types';
import { useWords } from '../i18n';

export type Edits = Record<string, Value>;

/** True when the values of a column are numbers. */
export const isNumeric = (column: ColumnInfo): boolean =>
  ['number', 'numeric', 'integer'].includes(column.type);

const MOST_FIELDS = 40;

/** A field for each feature. */
export function Editor({
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
  const isNumber = isNumeric(column);
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
