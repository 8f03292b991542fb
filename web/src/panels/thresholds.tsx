/** What each group would get at another threshold. */
import { useQuery } from '@tanstack/react-query';
import { useEffect, useState, type ReactElement } from 'react';
import { drawRows } from '../charts/rows';
import { fitting } from '../document/format';
import { parsePart } from '../document/ids';
import { Frame, frameOf, lookAt } from '../document/look';
import { sliced } from '../document/tables';
import type { Section } from '../generated/document';
import { useWords } from '../i18n';
import { setOption, useRoute } from '../state/route';
import { sectionOf, useCurrent, useSession } from '../state/session';
import { Picker, Problem, Working } from '../ui/controls';
import { BlockFigure, Figure } from '../ui/figure';

const RATES = ['selection_rate', 'true_positive_rate', 'false_positive_rate'];

/** The rates of groups at the grid's nearest threshold, and exact ones from a live server. */
export function ThresholdExplorer({ section, by }: { section: Section; by: string }): ReactElement | null {
  const t = useWords();
  const route = useRoute();
  const look = lookAt(section);
  const table = look.table(`thresholds[${by}]`) ?? section.tables.find((x) => x.id.startsWith('thresholds['));
  const frame = table ? frameOf(look, table) : null;
  const thresholds = frame?.column('threshold') ?? null;
  if (!table || !frame || !thresholds) return null;
  const grid = [...new Set(Array.from({ length: frame.n }, (_, row) => thresholds.value(row) ?? 0))].sort(
    (a, b) => a - b,
  );
  const wanted = Number(route.options.threshold ?? '0.5');
  const nearest = grid.reduce(
    (best, x) => (Math.abs(x - wanted) < Math.abs(best - wanted) ? x : best),
    grid[0] ?? 0.5,
  );
  const rates = RATES.filter((id) => frame.column(id) !== null);
  const rate = rates.find((id) => id === route.options.rate) ?? rates[0] ?? '';
  const column = frame.column(rate);
  if (!column) return null;
  const at = sliced(table, (row) => thresholds.value(row) === nearest);
  const atFrame = new Frame(at, look);
  const values = Array.from(
    { length: atFrame.n },
    (_, row) => atFrame.column(rate)?.value(row) ?? null,
  ).filter((v) => v !== null);
  const gap = values.length > 1 ? Math.max(...values) - Math.min(...values) : null;
  const shown = fitting({ sign: 'percent' }, [[nearest, null]]).full(nearest);
  const gapText =
    gap === null ? '' : ` ${t('fair_gap')}: ${fitting({ sign: 'points' }, [[gap, 0.02]]).full(gap)}.`;
  return (
    <section className="panel" aria-label={t('threshold_explorer')}>
      <div className="controls">
        <h3>{t('threshold_explorer')}</h3>
        <label className="slider">
          {t('threshold')}
          <input
            type="range"
            min={grid[0] ?? 0}
            max={grid.at(-1) ?? 1}
            step={0.01}
            value={Number.isFinite(wanted) ? wanted : 0.5}
            onChange={(e) => setOption('threshold', e.target.value)}
          />
          <output dir="ltr">{(Number.isFinite(wanted) ? wanted : 0.5).toFixed(2)}</output>
        </label>
        <Picker
          label={t('metric')}
          value={rate}
          options={rates.map((id) => ({ id, name: frame.column(id)?.title ?? id }))}
          onChange={(id) => setOption('rate', id)}
        />
      </div>
      <p className="says">{t('threshold_hint')}</p>
      <div className="figures">
        <Figure
          title={`${column.title} · ${t('threshold').toLowerCase()} ${shown}`}
          says={`${t('threshold_grid', { at: shown })}${gapText}`}
          frame={atFrame}
          metric={rate}
          render={(width) =>
            drawRows(
              { look, frame: atFrame, width, t },
              { label: 'group', value: rate, axis: { domain: [0, 1] } as never },
              'bars',
            )
          }
        />
        {route.options.threshold !== undefined && <ExactThreshold threshold={wanted} by={by} />}
      </div>
    </section>
  );
}

/** Exact numbers at the threshold, from the what-if analysis of a live server. */
function ExactThreshold({ threshold, by }: { threshold: number; by: string }): ReactElement | null {
  const t = useWords();
  const { client } = useSession();
  const { info, cohort, isLive } = useCurrent();
  const [settled, setSettled] = useState(threshold);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(threshold), 250);
    return () => clearTimeout(timer);
  }, [threshold]);
  const query = useQuery({
    queryKey: ['section', info.id, 'what_if', cohort.predicate, { threshold: settled }],
    enabled: isLive && client !== null && Number.isFinite(settled),
    staleTime: Infinity,
    retry: false,
    queryFn: async ({ signal }) => {
      if (!client) throw new Error('there is no server');
      const body = {
        analysis: 'what_if',
        predicate: cohort.predicate,
        params: { threshold: settled },
        keep: false,
      };
      return sectionOf(
        await client.run(`assessments/${encodeURIComponent(info.id)}/sections?wait=0.25`, body, signal),
      );
    },
  });
  if (!isLive) return null;
  return (
    <div className="exact">
      <h4>{t('threshold_exact')}</h4>
      {query.isFetching && <Working progress={null} />}
      <Problem error={query.error} />
      {query.data?.blocks
        .filter((block) => block.kind !== 'table' && [null, by].includes(parsePart(block.id).by))
        .map((block) => query.data && <BlockFigure key={block.id} section={query.data} block={block} />)}
    </div>
  );
}
