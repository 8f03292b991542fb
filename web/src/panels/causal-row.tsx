/** What the outcome of a row would have been under another treatment. */
import { useMutation } from '@tanstack/react-query';
import { useRef, useState, type ReactElement } from 'react';
import { drawRows } from '../charts/rows';
import type { Progress } from '../api/types';
import { lookAt } from '../document/look';
import { withIntervals } from '../document/tables';
import { treatmentsOf } from '../document/treatments';
import type { Block, Section, Table } from '../generated/document';
import { useWords } from '../i18n';
import { sectionOf, useCurrent, useSession } from '../state/session';
import { NeedsLive, Picker, Problem, Working } from '../ui/controls';
import { Figure } from '../ui/figure';
import { DOCUMENT_LANGUAGE } from '../ui/text';

/** Blocks of a section that tell of changed rows. */
const answersIn = (section: Section): Block[] => section.blocks.filter((b) => /^what_if_\d+$/.test(b.id));

/** The levels of a treatment; none for a number. */
function levelsOf(section: Section, treatment: string): string[] {
  const table = lookAt(section).table('mean_outcomes');
  const of = table?.columns.find((c) => c.id === 'treatment')?.values ?? [];
  const levels = table?.columns.find((c) => c.id === 'level')?.values ?? [];
  return levels
    .filter((_, i) => of[i] === treatment)
    .map((level) => String(level).replace(`${treatment} = `, ''));
}

/** A form for a row and a value, and the answer with its interval. */
export function OneRow({ section }: { section: Section }): ReactElement {
  const t = useWords();
  const { client } = useSession();
  const { info, document, isLive } = useCurrent();
  const treatments = treatmentsOf(section);
  const [treatment, setTreatment] = useState(treatments[0]?.name ?? '');
  const levels = levelsOf(section, treatment);
  const [row, setRow] = useState('0');
  const [value, setValue] = useState('');
  const [progress, setProgress] = useState<Progress | null>(null);
  const abort = useRef<AbortController | null>(null);
  const wanted = levels.length > 0 && !levels.includes(value) ? (levels.at(-1) ?? '') : value;
  const asked = useMutation({
    mutationFn: async () => {
      if (!client) throw new Error('there is no server');
      abort.current = new AbortController();
      setProgress(null);
      // The effects are estimated as the document says; only the question about the row is new.
      const own =
        (document.spec.analyses as Record<string, Record<string, unknown>> | undefined)?.causal ?? {};
      const change = { row: Number(row), treatment, value: levels.length > 0 ? wanted : Number(wanted) };
      const body = {
        analysis: 'causal',
        predicate: null,
        params: { ...own, what_if: [change] },
        keep: false,
      };
      const path = `assessments/${encodeURIComponent(info.id)}/sections?wait=0.25`;
      return sectionOf(await client.run(path, body, abort.current.signal, setProgress));
    },
  });
  const known = answersIn(section);
  return (
    <section aria-label={t('part_what_if')}>
      <p className="says">{t('causal_row_hint')}</p>
      {isLive ? (
        <form
          className="controls"
          onSubmit={(event) => {
            event.preventDefault();
            asked.mutate();
          }}
        >
          <label className="picker">
            <span>{t('row')}</span>
            <input
              type="number"
              min={0}
              max={Math.max(0, info.n_rows - 1)}
              step={1}
              required
              value={row}
              onChange={(e) => setRow(e.target.value)}
            />
          </label>
          <Picker
            label={t('treatment')}
            value={treatment}
            options={treatments.map((one) => ({ id: one.name, name: one.name }))}
            onChange={setTreatment}
          />
          {levels.length > 0 ? (
            <Picker
              label={t('would_be')}
              value={wanted}
              options={levels.map((level) => ({ id: level, name: level }))}
              onChange={setValue}
            />
          ) : (
            <label className="picker">
              <span>{t('would_be')}</span>
              <input
                type="number"
                step="any"
                required
                value={value}
                onChange={(e) => setValue(e.target.value)}
              />
            </label>
          )}
          <button type="submit" className="primary" disabled={asked.isPending}>
            {t('ask_what_if')}
          </button>
        </form>
      ) : (
        <NeedsLive what={t('part_what_if')} />
      )}
      {asked.isPending && <Working progress={progress} onCancel={() => abort.current?.abort()} />}
      {!(asked.error instanceof DOMException) && <Problem error={asked.error} />}
      <div className="figures">
        {asked.data &&
          answersIn(asked.data).map(
            (block) => asked.data && <Changed key={`asked-${block.id}`} section={asked.data} block={block} />,
          )}
        {known.map((block) => (
          <Changed key={block.id} section={section} block={block} />
        ))}
      </div>
    </section>
  );
}

/** What is and what would be, one under the other. */
function Changed({ section, block }: { section: Section; block: Block }): ReactElement | null {
  const t = useWords();
  const { document } = useCurrent();
  const table = lookAt(section).table(block.table ?? '');
  if (!table) return null;
  const long = nowAndThen(table, t('row'));
  const look = lookAt(section);
  const frame = withIntervals(
    long,
    { value: 'outcome', low: 'low', high: 'high' },
    document.spec.level ?? 0.95,
  );
  return (
    <Figure
      title={block.title}
      lang={DOCUMENT_LANGUAGE}
      says={block.says}
      frame={frame}
      render={(width) => drawRows({ look, frame, width, t }, { label: 'case', value: 'outcome' }, 'dots')}
    />
  );
}

/** A table of changes with two lines for each: the value that is, and the one that would be. */
function nowAndThen(table: Table, word: string): Table {
  const at = (id: string, i: number): string | number | null => {
    const value = table.columns.find((c) => c.id === id)?.values[i];
    return typeof value === 'string' || typeof value === 'number' ? value : null;
  };
  const number = (id: string, i: number): number | null => {
    const value = at(id, i);
    return typeof value === 'number' ? value : null;
  };
  const n = table.columns[0]?.values.length ?? 0;
  const lines = Array.from({ length: n }, (_, i) => i).flatMap((i) => [
    { name: `${word} ${at('row', i)}: ${at('from', i)}`, outcome: number('now', i), low: null, high: null },
    {
      name: `${word} ${at('row', i)} → ${at('to', i)}`,
      outcome: number('then', i),
      low: number('low', i),
      high: number('high', i),
    },
  ]);
  const title = table.columns.find((c) => c.id === 'then')?.title ?? '';
  return {
    id: table.id,
    title: table.title,
    columns: [
      { id: 'case', title: word, type: 'text', values: lines.map((l) => l.name) },
      { id: 'outcome', title, type: 'number', values: lines.map((l) => l.outcome) },
      { id: 'low', title: 'Low', type: 'number', values: lines.map((l) => l.low) },
      { id: 'high', title: 'High', type: 'number', values: lines.map((l) => l.high) },
    ],
  };
}
