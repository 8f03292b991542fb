/** Two assessments beside each other, and cohorts beside each other. */
import { useQueries, useQuery } from '@tanstack/react-query';
import { useMemo, type ReactElement } from 'react';
import { drawRows } from '../charts/rows';
import type { Comparison } from '../api/types';
import { differencesOf, pairsOf, sideBySide, type Side } from '../document/compare';
import { estimatesSection } from '../document/estimates';
import { styleOf, valueText } from '../document/format';
import { Frame, lookAt } from '../document/look';
import { nameOf } from '../document/words';
import type { Document, Estimate, Section, Table } from '../generated/document';
import { useWords } from '../i18n';
import { setOption, useRoute } from '../state/route';
import { sectionOf, useAssessments, useCohorts, useCurrent, useDocument, useSession } from '../state/session';
import { Picker, Problem, Working } from '../ui/controls';
import { Figure } from '../ui/figure';
import { DataTable } from '../ui/table';
import { Prose } from '../ui/text';

/** The view of comparisons. */
export function Compare(): ReactElement {
  const t = useWords();
  return (
    <>
      <header className="view-head">
        <h2>{t('compare')}</h2>
      </header>
      <Cohorts />
      <Assessments />
    </>
  );
}

function Cohorts(): ReactElement {
  const t = useWords();
  const route = useRoute();
  const { client } = useSession();
  const { info, document, isLive } = useCurrent();
  const cohorts = useCohorts(info, document);
  const own = document.sections.find((s) => s.id === 'performance');
  const known = cohorts.map((c) => c.name);
  const chosen = (route.options.cohorts ?? known.slice(0, 3).join('|'))
    .split('|')
    .filter((name) => known.includes(name));
  const toggle = (name: string): void =>
    setOption(
      'cohorts',
      (chosen.includes(name) ? chosen.filter((c) => c !== name) : [...chosen, name]).join('|') || '|',
    );
  const inDocument = (name: string): boolean => document.cohorts.some((c) => c.name === name);
  const asked = chosen
    .map((name) => ({ name, predicate: cohorts.find((c) => c.name === name)?.predicate ?? null }))
    .filter((c) => isLive && c.predicate !== null && !inDocument(c.name));
  const answers = useQueries({
    queries: asked.map(({ predicate }) => ({
      queryKey: ['section', info.id, 'performance', predicate, null],
      staleTime: Infinity,
      retry: false,
      queryFn: async ({ signal }: { signal: AbortSignal }) => {
        if (!client) throw new Error('there is no server');
        const body = { analysis: 'performance', predicate, params: null, keep: false };
        return sectionOf(
          await client.run(`assessments/${encodeURIComponent(info.id)}/sections?wait=0.25`, body, signal),
        );
      },
    })),
  });
  if (!own) return <p className="soft">{t('not_asked', { name: t('performance') })}</p>;
  const sides: Side[] = [{ name: t('all_rows'), section: own, within: null }];
  for (const name of chosen) {
    if (inDocument(name)) sides.push({ name, section: own, within: name });
    const i = asked.findIndex((a) => a.name === name);
    const section = answers[i]?.data;
    if (section) sides.push({ name, section, within: null });
  }
  return (
    <section className="panel">
      <h3>{t('compare_cohorts')}</h3>
      <fieldset className="checks">
        <legend>{t('choose_cohorts')}</legend>
        {cohorts.map((c) => (
          <label key={c.name}>
            <input type="checkbox" checked={chosen.includes(c.name)} onChange={() => toggle(c.name)} />{' '}
            <bdi>{c.name}</bdi>
          </label>
        ))}
      </fieldset>
      {answers.some((a) => a.isFetching) && <Working progress={null} />}
      {answers.map((a, i) => (
        <Problem key={i} error={a.error} />
      ))}
      <SideTable sides={sides} />
      <HeldDifferences document={document} cohorts={chosen} />
    </section>
  );
}

/** What the document itself says of differences between a cohort and the other rows. */
function HeldDifferences({
  document,
  cohorts,
}: {
  document: Document;
  cohorts: string[];
}): ReactElement | null {
  const t = useWords();
  const names = cohorts.join('|');
  const held = useMemo(() => differencesOf(document, names.split('|')), [document, names]);
  if (cohorts.length === 0) return null;
  const listed = estimatesSection(held, held.estimates);
  return (
    <div className="held">
      <h4>{t('differences_held')}</h4>
      <p className="soft">
        <Prose text={t(held.estimates.length > 0 ? 'differences_hint' : 'differences_none')} />
      </p>
      {held.estimates.length > 0 && (
        <DataTable frame={new Frame(listed.table, lookAt(held))} title={t('differences_held')} />
      )}
    </div>
  );
}

function SideTable({ sides }: { sides: Side[] }): ReactElement {
  const t = useWords();
  const route = useRoute();
  const { section, table } = sideBySide(sides);
  const look = lookAt(section);
  const frame = new Frame(table, look);
  const names = frame.column('metric');
  const metrics = Array.from({ length: frame.n }, (_, row) => names?.label(row) ?? '');
  const row = Math.max(0, metrics.indexOf(route.options.side_metric ?? ''));
  const picture = oneMetric(sides, table, section, row);
  return (
    <>
      <div className="controls">
        <Picker
          label={t('metric')}
          value={metrics[row] ?? ''}
          options={metrics.map((m) => ({ id: m, name: m }))}
          onChange={(m) => setOption('side_metric', m)}
        />
      </div>
      <div className="figures">
        <Figure
          title={metrics[row] ?? ''}
          says={t('compare_cohorts')}
          frame={picture}
          render={(width) =>
            drawRows({ look, frame: picture, width, t }, { label: 'cohort', value: 'value' }, 'dots')
          }
        />
      </div>
      <DataTable frame={frame} title={t('compare_cohorts')} />
    </>
  );
}

/** One metric of all sides as a table of its own. */
function oneMetric(sides: Side[], table: Table, section: Section, row: number): Frame {
  const ids = table.columns.slice(1).map((c) => (c.values[row] as string | null) ?? null);
  const one: Table = {
    id: `side_${row}`,
    title: '',
    columns: [
      { id: 'cohort', title: 'Cohort', type: 'text', values: sides.map((s) => s.name) },
      { id: 'value', title: String(table.columns[0]?.values[row] ?? ''), type: 'estimate', values: ids },
    ],
  };
  return new Frame(one, lookAt(section));
}

function Assessments(): ReactElement {
  const t = useWords();
  const route = useRoute();
  const { client } = useSession();
  const { info, document } = useCurrent();
  const others = (useAssessments().data ?? []).filter((a) => a.id !== info.id);
  const wanted = others.find((a) => a.id === route.options.with) ?? others[0] ?? null;
  const other = useDocument(wanted?.id ?? null);
  const compared = useQuery({
    queryKey: ['compare', info.id, wanted?.id],
    enabled: client !== null && wanted !== null,
    retry: false,
    queryFn: () =>
      client
        ? client.ask<Comparison>(
            `compare?a=${encodeURIComponent(info.id)}&b=${encodeURIComponent(wanted?.id ?? '')}`,
          )
        : Promise.reject(new Error('there is no server')),
  });
  const pairs = useMemo(
    () => (other.data ? pairsOf(document, other.data.document) : []),
    [document, other.data],
  );
  return (
    <section className="panel">
      <div className="controls">
        <h3>{t('compare_assessments')}</h3>
        {wanted && (
          <Picker
            label={`${info.name} ${t('compare_with')}`}
            value={wanted.id}
            options={others.map((a) => ({ id: a.id, name: a.name }))}
            onChange={(id) => setOption('with', id)}
          />
        )}
      </div>
      {!wanted && (
        <p className="soft">
          <Prose text={t('compare_one')} />
        </p>
      )}
      {compared.data ? (
        <>
          <p>
            <Prose text={compared.data.says} />
          </p>
          <LiveTable
            comparison={compared.data}
            names={[info.name, wanted?.name ?? '']}
            estimates={document.sections.flatMap((s) => s.estimates)}
          />
        </>
      ) : (
        <>
          {wanted && !client && (
            <p className="needs-live">
              <Prose text={t('compare_static')} />
            </p>
          )}
          {compared.isLoading && <Working progress={null} />}
          <Problem error={compared.error} />
          {pairs.length > 0 && !compared.isLoading && (
            <DataTable
              title={t('compare_assessments')}
              frame={plainFrame([
                ['number', t('number'), pairs.map((p) => nameOf(p.id))],
                ['section', '', pairs.map((p) => sectionTitle(document, p.id))],
                ['a', info.name, pairs.map((p) => valueText(p.a))],
                ['b', wanted?.name ?? '', pairs.map((p) => valueText(p.b))],
                [
                  'difference',
                  t('difference'),
                  pairs.map((p) => styleOf(p.a).ofDifferences().signed(p.difference)),
                ],
                [
                  'apart',
                  t('interval'),
                  pairs.map((p) =>
                    p.isApart === null ? '' : p.isApart ? t('compare_apart') : t('compare_overlap'),
                  ),
                ],
                ['better', '', pairs.map((p) => betterSide(p.a, p.b, t('better_a'), t('better_b')))],
              ])}
            />
          )}
        </>
      )}
    </section>
  );
}

const sectionTitle = (document: Document, id: string): string =>
  document.sections.find((s) => id.startsWith(`${s.id}.`))?.title ?? '';

function betterSide(a: Estimate, b: Estimate, first: string, second: string): string {
  if (a.value === null || b.value === null || a.value === b.value) return '';
  const worth = (x: number): number | null =>
    ({ higher: x, lower: -x, zero: -Math.abs(x), one: -Math.abs(x - 1), neither: null })[a.better] ?? null;
  const [x, y] = [worth(a.value), worth(b.value)];
  return x === null || y === null ? '' : x > y ? first : second;
}

function LiveTable({
  comparison,
  names,
  estimates,
}: {
  comparison: Comparison;
  names: [string, string];
  estimates: Estimate[];
}): ReactElement {
  const t = useWords();
  const byId = new Map(estimates.map((e) => [e.id, e]));
  const text = (id: string, x: number | null, isDifference = false): string => {
    if (x === null) return '–';
    const known = byId.get(id);
    const style = known ? styleOf(known) : null;
    if (!style) return x.toPrecision(4);
    return isDifference ? style.ofDifferences().signed(x) : style.full(x);
  };
  const rows = comparison.rows;
  return (
    <DataTable
      title={t('compare_assessments')}
      frame={plainFrame([
        ['number', t('number'), rows.map((r) => nameOf(r.id))],
        ['a', names[0], rows.map((r) => text(r.id, r.a))],
        ['b', names[1], rows.map((r) => text(r.id, r.b))],
        ['difference', t('difference'), rows.map((r) => text(r.id, r.difference, true))],
        [
          'interval',
          t('interval'),
          rows.map((r) =>
            r.interval ? `${text(r.id, r.interval.low, true)} – ${text(r.id, r.interval.high, true)}` : '',
          ),
        ],
      ])}
    />
  );
}

/** Columns of words as a frame. */
function plainFrame(columns: [string, string, string[]][]): Frame {
  const table: Table = {
    id: 'plain',
    title: '',
    columns: columns.map(([id, title, values]) => ({ id, title, type: 'text', values })),
  };
  const section: Section = {
    id: 'plain',
    title: '',
    question: '',
    notes: [],
    estimates: [],
    tables: [table],
    blocks: [],
  };
  return new Frame(table, lookAt(section));
}
