/** Builds a cohort by clicking or by writing, with its size while it is built. */
import { useEffect, useState, type ReactElement } from 'react';
import { Button, Dialog, DialogTrigger, Heading, Modal, ModalOverlay } from 'react-aria-components';
import type { ColumnInfo } from '../api/types';
import { count, fitting } from '../document/format';
import { isGroup, operatorsOf, sqlOf, type Group, type Operator, type Rule } from '../document/predicate';
import type { Document } from '../generated/document';
import { useWords, type Key } from '../i18n';
import { go } from '../state/route';
import { useColumns, useCount, useCurrent } from '../state/session';
import { CopyButton, NeedsLive, Picker, Problem } from '../ui/controls';
import { Prose } from '../ui/text';
import { isNumeric } from './editor';

/** The button that opens the builder. */
export function CohortBuilder({ start }: { start: string | null }): ReactElement {
  const t = useWords();
  return (
    <DialogTrigger>
      <Button className="primary">{t('new_cohort')}</Button>
      <ModalOverlay className="overlay" isDismissable>
        <Modal className="modal">
          <Dialog className="dialog">
            {({ close }) => (
              <>
                <Heading slot="title">{t('new_cohort')}</Heading>
                <Builder start={start} close={close} />
              </>
            )}
          </Dialog>
        </Modal>
      </ModalOverlay>
    </DialogTrigger>
  );
}

/** Columns from the server, or as far as the document knows them. */
function columnsOf(document: Document): ColumnInfo[] {
  const data = document.datasets.find((d) => d.part === 'test') ?? document.datasets[0];
  return (data?.columns ?? []).map((c) => ({
    name: c.name,
    n_missing: c.n_missing,
    min: c.min ?? null,
    max: c.max ?? null,
    roles: c.roles ?? [],
    type: c.type === 'numeric' ? 'number' : c.type === 'categorical' ? 'category' : c.type,
  }));
}

function Builder({ start, close }: { start: string | null; close: () => void }): ReactElement {
  const t = useWords();
  const { info, document, isLive } = useCurrent();
  const served = useColumns(info.id, isLive);
  const columns = served.data ?? columnsOf(document);
  const [isWritten, setWritten] = useState(start !== null);
  const [group, setGroup] = useState<Group>({ match: 'all', parts: [emptyRule(columns)] });
  const [text, setText] = useState(start ?? '');
  const predicate = isWritten ? text.trim() || null : sqlOf(group);
  const settled = useSettled(predicate, 200);
  const counted = useCount(info.id, settled, isLive && settled !== null);
  const percent = (x: number): string => fitting({ sign: 'percent' }, [[x, null]]).full(x);
  return (
    <div className="builder">
      <div className="segments" role="group" aria-label={t('predicate')}>
        <button type="button" aria-pressed={!isWritten} onClick={() => setWritten(false)}>
          {t('by_clicking')}
        </button>
        <button
          type="button"
          aria-pressed={isWritten}
          onClick={() => {
            if (!isWritten && predicate) setText(predicate);
            setWritten(true);
          }}
        >
          {t('by_writing')}
        </button>
      </div>
      {isWritten ? (
        <label className="stacked">
          {t('predicate')}
          <textarea
            rows={4}
            dir="ltr"
            spellCheck={false}
            value={text}
            onChange={(e) => setText(e.target.value)}
          />
          <span className="soft">
            <Prose text={t('predicate_hint')} />
          </span>
        </label>
      ) : (
        <GroupEditor group={group} columns={columns} onChange={setGroup} depth={0} />
      )}
      {predicate && !isWritten && (
        <code className="predicate" dir="ltr">
          {predicate}
        </code>
      )}
      <div aria-live="polite" className="builder-count">
        {isLive && predicate && counted.data && !counted.error && (
          <p>
            <strong dir="ltr">{count(counted.data.n)}</strong> {t('rows')} (
            <span dir="ltr">{percent(counted.data.share)}</span>)
            {typeof counted.data.error_rate === 'number' && (
              <>
                {' '}
                · {t('error_rate')} <strong dir="ltr">{percent(counted.data.error_rate)}</strong>
              </>
            )}
          </p>
        )}
        {isLive && <Problem error={counted.error} />}
      </div>
      {!isLive && <NeedsLive />}
      <div className="dialog-foot">
        <button type="button" onClick={close}>
          {t('cancel')}
        </button>
        {isLive ? (
          <button
            type="button"
            className="primary"
            disabled={!predicate || Boolean(counted.error)}
            onClick={() => {
              go({ where: predicate, cohort: null });
              close();
            }}
          >
            {t('use')}
          </button>
        ) : (
          predicate && <CopyButton text={predicate} label={t('copy_filter')} />
        )}
      </div>
    </div>
  );
}

/** A value that has not changed for a while. */
function useSettled<T>(value: T, ms: number): T {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), ms);
    return () => clearTimeout(timer);
  }, [value, ms]);
  return settled;
}

const isNumber = (column: ColumnInfo | undefined): boolean => column !== undefined && isNumeric(column);

function emptyRule(columns: ColumnInfo[]): Rule {
  const first = columns[0];
  const number = isNumber(first);
  return { column: first?.name ?? '', operator: number ? '<' : 'in', values: [], isNumber: number };
}

interface GroupProps {
  group: Group;
  columns: ColumnInfo[];
  onChange: (group: Group) => void;
  depth: number;
  onRemove?: () => void;
}

function GroupEditor({ group, columns, onChange, depth, onRemove }: GroupProps): ReactElement {
  const t = useWords();
  const setPart = (i: number, part: Rule | Group | null): void =>
    onChange({
      ...group,
      parts:
        part === null
          ? group.parts.filter((_, j) => j !== i)
          : group.parts.map((p, j) => (j === i ? part : p)),
    });
  return (
    <fieldset className="group">
      <legend>
        <select
          aria-label={t('condition')}
          value={group.match}
          onChange={(e) => onChange({ ...group, match: e.target.value as Group['match'] })}
        >
          {(['all', 'any', 'none'] as const).map((m) => (
            <option key={m} value={m}>
              {t(`match_${m}`)}
            </option>
          ))}
        </select>
      </legend>
      {group.parts.map((part, i) =>
        isGroup(part) ? (
          <GroupEditor
            key={i}
            group={part}
            columns={columns}
            depth={depth + 1}
            onChange={(p) => setPart(i, p)}
            onRemove={() => setPart(i, null)}
          />
        ) : (
          <RuleEditor
            key={i}
            rule={part}
            columns={columns}
            onChange={(p) => setPart(i, p)}
            onRemove={() => setPart(i, null)}
          />
        ),
      )}
      <div className="row">
        <button
          type="button"
          onClick={() => onChange({ ...group, parts: [...group.parts, emptyRule(columns)] })}
        >
          + {t('add_filter')}
        </button>
        {depth < 2 && (
          <button
            type="button"
            onClick={() =>
              onChange({ ...group, parts: [...group.parts, { match: 'any', parts: [emptyRule(columns)] }] })
            }
          >
            + {t('add_group')}
          </button>
        )}
        {onRemove && (
          <button type="button" onClick={onRemove}>
            {t('remove')}
          </button>
        )}
      </div>
    </fieldset>
  );
}

const WORDS: Partial<Record<Operator, Key>> = {
  in: 'is_in',
  not_in: 'is_not_in',
  missing: 'is_missing',
  present: 'is_present',
};

function RuleEditor({
  rule,
  columns,
  onChange,
  onRemove,
}: {
  rule: Rule;
  columns: ColumnInfo[];
  onChange: (rule: Rule) => void;
  onRemove: () => void;
}): ReactElement {
  const t = useWords();
  const column = columns.find((c) => c.name === rule.column);
  const needsValue = rule.operator !== 'missing' && rule.operator !== 'present';
  const signs: Partial<Record<Operator, string>> = { '!=': '≠', '<=': '≤', '>=': '≥' };
  return (
    <div className="rule">
      <Picker
        label={t('column')}
        value={rule.column}
        options={columns.map((c) => ({ id: c.name, name: c.name }))}
        onChange={(name) => {
          const number = isNumber(columns.find((c) => c.name === name));
          onChange({ column: name, isNumber: number, operator: number ? '<' : 'in', values: [] });
        }}
      />
      <select
        aria-label={t('condition')}
        dir="auto"
        value={rule.operator}
        onChange={(e) => onChange({ ...rule, operator: e.target.value as Operator })}
      >
        {operatorsOf(rule.isNumber).map((o) => {
          const word = WORDS[o];
          return (
            <option key={o} value={o}>
              {word ? t(word) : (signs[o] ?? o)}
            </option>
          );
        })}
      </select>
      {needsValue && rule.isNumber && (
        <input
          type="number"
          step="any"
          aria-label={`${rule.column} ${t('value')}`}
          placeholder={
            typeof column?.min === 'number' && typeof column.max === 'number'
              ? `${column.min} – ${column.max}`
              : ''
          }
          value={rule.values[0] ?? ''}
          onChange={(e) => onChange({ ...rule, values: [e.target.value] })}
        />
      )}
      {needsValue && !rule.isNumber && (
        <LevelPicker
          column={column}
          values={rule.values}
          onChange={(values) => onChange({ ...rule, values })}
        />
      )}
      <button type="button" className="quiet" aria-label={`${t('remove')} ${rule.column}`} onClick={onRemove}>
        ×
      </button>
    </div>
  );
}

const MOST_LEVELS = 60;

/** Names to tick, searched when there are many; without known names, names to write. */
function LevelPicker({
  column,
  values,
  onChange,
}: {
  column: ColumnInfo | undefined;
  values: string[];
  onChange: (values: string[]) => void;
}): ReactElement {
  const t = useWords();
  const [wanted, setWanted] = useState('');
  const levels = column?.levels ?? [];
  if (levels.length === 0)
    return (
      <input
        aria-label={`${column?.name ?? ''} ${t('value')}`}
        value={values.join(', ')}
        onChange={(e) => onChange(e.target.value.split(/,\s*/).filter((v) => v !== ''))}
      />
    );
  const found = levels.filter((l) => l.toLowerCase().includes(wanted.toLowerCase()));
  // Of very many names the server tells the first ones only; any other is taken as it is written.
  const isCut = (column?.n_levels ?? 0) > levels.length;
  const written = isCut && wanted !== '' && !levels.includes(wanted) ? [wanted] : [];
  const offered = [...new Set([...values, ...written, ...found])].slice(0, MOST_LEVELS);
  const toggle = (level: string): void =>
    onChange(values.includes(level) ? values.filter((v) => v !== level) : [...values, level]);
  return (
    <div className="levels" role="group" aria-label={`${column?.name ?? ''} ${t('value')}`}>
      {levels.length > 12 && (
        <input
          type="search"
          aria-label={t('search')}
          placeholder={t('search')}
          value={wanted}
          onChange={(e) => setWanted(e.target.value)}
        />
      )}
      <div className="level-list" tabIndex={0}>
        {offered.map((level) => (
          <label key={level}>
            <input type="checkbox" checked={values.includes(level)} onChange={() => toggle(level)} />{' '}
            <bdi>{level}</bdi>
          </label>
        ))}
      </div>
      {isCut ? (
        <span className="soft">{t('levels_cut', { n: levels.length, of: column?.n_levels ?? 0 })}</span>
      ) : (
        found.length > offered.length && (
          <span className="soft">{t('shown_of', { n: offered.length, of: found.length })}</span>
        )
      )}
    </div>
  );
}
