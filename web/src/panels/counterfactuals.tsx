/** Searches for the smallest changes that lead to another prediction, and pins what is found. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useRef, useState, type ReactElement } from 'react';
import type { Progress } from '../api/types';
import { foundIn, type Found } from '../document/found';
import type { Section } from '../generated/document';
import { useWords } from '../i18n';
import { sectionOf, useCurrent, useSession } from '../state/session';
import { Picker, Problem, Working } from '../ui/controls';
import { Answer, KeepButton } from './row';

const METHODS = ['auto', 'exact', 'nearest', 'kdtree', 'random', 'genetic', 'growing_spheres'];

/** The form and what was found. */
export function CounterfactualSearch({
  row,
  onUse,
  onPin,
}: {
  row: number;
  onUse: (found: Found) => void;
  onPin: (found: Found) => void;
}): ReactElement {
  const t = useWords();
  const { client } = useSession();
  const { info, document } = useCurrent();
  const [total, setTotal] = useState(4);
  const [method, setMethod] = useState('auto');
  const [wanted, setWanted] = useState(document.task === 'binary' ? 'opposite' : (document.classes[0] ?? ''));
  const [range, setRange] = useState({ low: '', high: '' });
  const [progress, setProgress] = useState<Progress | null>(null);
  const abort = useRef<AbortController | null>(null);
  const isRegression = document.task === 'regression';
  const path = `assessments/${encodeURIComponent(info.id)}/counterfactuals?wait=0.25`;
  const search = useMutation({
    mutationFn: async () => {
      if (!client) throw new Error('there is no server');
      abort.current = new AbortController();
      setProgress(null);
      const params: Record<string, unknown> = { total_CFs: total };
      if (method !== 'auto') params.method = method;
      if (isRegression) params.desired_range = [Number(range.low), Number(range.high)];
      else params.desired_class = wanted;
      const job = await client.run(path, { row, params }, abort.current.signal, setProgress);
      return { params, section: sectionOf(job) };
    },
  });
  const queries = useQueryClient();
  // The same question with the same seed has the same answer.
  const kept = useMutation({
    mutationFn: async (params: Record<string, unknown>) => {
      if (!client) throw new Error('there is no server');
      await client.run(path, { row, params, keep: true });
      await queries.invalidateQueries({ queryKey: ['kept', info.id] });
    },
  });
  const found = search.data ? foundIn(search.data.section, row) : [];
  return (
    <section className="counterfactual-search">
      <h4>{t('row_counterfactuals')}</h4>
      <p className="soft">{t('row_counterfactuals_hint')}</p>
      <form
        className="controls"
        onSubmit={(event) => {
          event.preventDefault();
          search.mutate();
        }}
      >
        <label className="picker">
          <span>{t('how_many')}</span>
          <input
            type="number"
            min={1}
            max={20}
            value={total}
            onChange={(e) => setTotal(Number(e.target.value))}
          />
        </label>
        <Picker
          label={t('method')}
          value={method}
          options={METHODS.map((m) => ({ id: m, name: m }))}
          onChange={setMethod}
        />
        {isRegression ? (
          <>
            <label className="picker">
              <span>{t('wanted_low')}</span>
              <input
                type="number"
                step="any"
                required
                value={range.low}
                onChange={(e) => setRange({ ...range, low: e.target.value })}
              />
            </label>
            <label className="picker">
              <span>{t('wanted_high')}</span>
              <input
                type="number"
                step="any"
                required
                value={range.high}
                onChange={(e) => setRange({ ...range, high: e.target.value })}
              />
            </label>
          </>
        ) : (
          <Picker
            label={t('wanted')}
            value={wanted}
            options={[
              ...(document.task === 'binary' ? [{ id: 'opposite', name: t('wanted_opposite') }] : []),
              ...document.classes.map((c) => ({ id: c, name: c })),
            ]}
            onChange={setWanted}
          />
        )}
        <button type="submit" className="primary" disabled={search.isPending}>
          {t('generate')}
        </button>
      </form>
      {search.isPending && <Working progress={progress} onCancel={() => abort.current?.abort()} />}
      {search.error instanceof DOMException ? (
        <p className="soft">{t('cancelled')}</p>
      ) : (
        <Problem error={search.error} />
      )}
      {search.data && (
        <>
          {found.length > 0 && (
            <ul className="found" aria-label={t('row_counterfactuals')}>
              {found.map((one) => (
                <li key={one.title}>
                  <span>
                    <bdi>{one.title}</bdi>:{' '}
                    <code dir="ltr">
                      {Object.entries(one.set)
                        .map(([name, value]) => `${name} = ${value}`)
                        .join(', ')}
                    </code>
                    {one.says && (
                      <>
                        {' '}
                        → <bdi>{one.says}</bdi>
                      </>
                    )}
                  </span>
                  <button type="button" aria-label={`${t('use')}: ${one.title}`} onClick={() => onUse(one)}>
                    {t('use')}
                  </button>
                  <button type="button" aria-label={`${t('pin')}: ${one.title}`} onClick={() => onPin(one)}>
                    {t('pin')}
                  </button>
                </li>
              ))}
            </ul>
          )}
          <KeepButton
            isKept={kept.isSuccess && kept.variables === search.data.params}
            isBusy={kept.isPending}
            onKeep={() => kept.mutate(search.data.params)}
          />
          <Problem error={kept.error} />
          <OfRow section={search.data.section} row={row} />
        </>
      )}
    </section>
  );
}

/** What was found for the row; totals over one row tell little, and are there for who wants them. */
function OfRow({ section, row }: { section: Section; row: number }): ReactElement {
  const t = useWords();
  const own = section.blocks.filter((block) => block.id === `row_${row}`);
  if (own.length === 0) return <Answer section={section} />;
  const others = section.blocks.filter((block) => !own.includes(block));
  return (
    <>
      <Answer section={{ ...section, blocks: own }} />
      {others.length > 0 && (
        <details className="all">
          <summary>{t('other_figures')}</summary>
          <Answer section={{ ...section, notes: [], blocks: others }} />
        </details>
      )}
    </>
  );
}
