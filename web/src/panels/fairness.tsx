/** Groups side by side: any metric of any grouping, its gaps, and what another threshold would do. */
import { useMemo, type ReactElement } from 'react';
import { drawGrid } from '../charts/grid';
import { drawRows } from '../charts/rows';
import { parsePart } from '../document/ids';
import { frameOf, lookAt, type Frame } from '../document/look';
import { nameOf, phrase } from '../document/words';
import type { Section } from '../generated/document';
import { useWords } from '../i18n';
import { setOption, useRoute } from '../state/route';
import { useCurrent } from '../state/session';
import { Picker } from '../ui/controls';
import { EstimateCard } from '../ui/estimate';
import { Figure } from '../ui/figure';
import { DOCUMENT_LANGUAGE } from '../ui/text';
import { ThresholdExplorer } from './thresholds';

/** Groupings of the section about all rows or about the cohort, where the document holds it. */
function groupingsOf(section: Section, cohort: string | null): string[] {
  const parts = section.tables
    .map((table) => parsePart(table.id))
    .filter((p) => p.stem === 'by_group' && p.by !== null);
  const own = parts.filter((p) => p.cohort === cohort);
  return (own.length > 0 ? own : parts.filter((p) => p.cohort === null)).map((p) => p.by ?? '');
}

/** The panel of the fairness section. */
export function FairnessPanel({ section }: { section: Section }): ReactElement | null {
  const t = useWords();
  const route = useRoute();
  const { cohort } = useCurrent();
  const look = lookAt(section);
  const inDocument = section.tables.some(
    (table) => parsePart(table.id).cohort === cohort.name && cohort.name !== null,
  );
  const suffix = inDocument ? `{${cohort.name}}` : '';
  const groupings = useMemo(
    () => groupingsOf(section, inDocument ? cohort.name : null),
    [section, cohort.name, inDocument],
  );
  const wanted = route.options.by ?? '';
  const by = groupings.includes(wanted) ? wanted : (groupings[0] ?? '');
  const table = look.table(`by_group[${by}]${suffix}`);
  if (!table) return null;
  const frame = frameOf(look, table);
  const metrics = frame.columns.filter((c) => c.raw.type === 'estimate');
  const metric =
    metrics.find((c) => c.id === route.options.metric) ??
    metrics.find((c) => c.id === 'selection_rate') ??
    metrics[0];
  if (!metric) return null;
  const overall = look.estimate(`fairness.${metric.id}${suffix}`);
  const [first, second, third] = by.split(',');
  const isGrid = first !== undefined && second !== undefined && third === undefined;
  const groups = by.split(',').join(' × ');
  return (
    <section className="panel" aria-label={t('groups_compared')}>
      <div className="controls">
        <h3>{t('groups_compared')}</h3>
        <Picker
          label={t('grouping')}
          value={by}
          options={groupings.map((g) => ({ id: g, name: g.replace(/,/g, ' × ') }))}
          onChange={(id) => setOption('by', id)}
        />
        <Picker
          label={t('metric')}
          value={metric.id}
          options={metrics.map((c) => ({ id: c.id, name: c.title }))}
          onChange={(id) => setOption('metric', id)}
        />
      </div>
      <div className="figures">
        <Figure
          title={`${metric.title} · ${groups}${inDocument ? ` · ${cohort.name}` : ''}`}
          lang={DOCUMENT_LANGUAGE}
          says={spread(frame, metric.id)}
          frame={frame}
          metric={metric.id}
          render={(width) =>
            isGrid
              ? drawGrid({ look, frame, width, t }, { across: first, down: second, value: metric.id })
              : drawRows(
                  { look, frame, width, t },
                  { label: 'group', value: metric.id, reference: overall ? { estimate: overall.id } : null },
                  'dots',
                )
          }
        />
        <Gaps section={section} by={by} suffix={suffix} metric={metric.id} />
      </div>
      <ThresholdExplorer section={section} by={by} />
    </section>
  );
}

/** From the lowest to the highest group, in words. */
function spread(frame: Frame, id: string): string {
  const [groups, values] = [frame.column('group'), frame.column(id)];
  if (!groups || !values) return '';
  const rows = Array.from({ length: frame.n }, (_, row) => row).filter((row) => values.value(row) !== null);
  rows.sort((a, b) => (values.value(a) ?? 0) - (values.value(b) ?? 0));
  const [low, high] = [rows[0], rows.at(-1)];
  if (low === undefined || high === undefined) return '';
  return `${groups.label(low)}: ${values.style.full(values.value(low) ?? 0)} – ${groups.label(high)}: ${values.style.full(values.value(high) ?? 0)}`;
}

function Gaps({
  section,
  by,
  suffix,
  metric,
}: {
  section: Section;
  by: string;
  suffix: string;
  metric: string;
}): ReactElement | null {
  const t = useWords();
  const look = lookAt(section);
  const ids = [`fairness.${metric}.difference[${by}]${suffix}`, `fairness.${metric}.ratio[${by}]${suffix}`];
  const estimates = [
    ...ids.flatMap((id) => look.estimate(id) ?? []),
    ...[`fairness.${metric}${suffix}`].flatMap((id) => look.estimate(id) ?? []),
  ];
  const criteria = look.table(`criteria[${by}]${suffix}`);
  const frame = criteria ? frameOf(look, criteria) : null;
  return (
    <div className="fig gaps">
      <div className="cards">
        {estimates.map((e) => (
          <EstimateCard
            key={e.id}
            estimate={e}
            name={
              e.id.includes('.ratio')
                ? t('ratio')
                : e.id.includes('.difference')
                  ? t('difference')
                  : `${nameOf(e.id)} · ${t('overall')}`
            }
          />
        ))}
      </div>
      {frame && (
        <table className="criteria">
          <caption>{criteria?.title}</caption>
          <thead>
            <tr>
              <th scope="col">{frame.columns[0]?.title}</th>
              <th scope="col" className="num">
                {t('difference')}
              </th>
              <th scope="col" className="num">
                {t('ratio')}
              </th>
            </tr>
          </thead>
          <tbody>
            {Array.from({ length: frame.n }, (_, row) => (
              <tr key={row}>
                <th scope="row">{phrase(frame.columns[0]?.label(row) ?? '')}</th>
                <td className="num" dir="ltr">
                  {frame.column('difference')?.line(row)}
                </td>
                <td className="num" dir="ltr">
                  {frame.column('ratio')?.line(row)}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </div>
  );
}
