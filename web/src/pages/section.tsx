/** Any section: notes, the panel that is made for it where there is one, every block, every number, every table. */
import { useMemo, useState, type ReactElement } from 'react';
import { isDrawn } from '../charts/draw';
import { estimatesSection } from '../document/estimates';
import { count } from '../document/format';
import { parseId, parsePart } from '../document/ids';
import { Frame, frameOf, lookAt } from '../document/look';
import type { Block, Section } from '../generated/document';
import { useWords } from '../i18n';
import { panelOf } from '../panels';
import { setOption, useRoute } from '../state/route';
import { useCount, useCurrent, useKept, useSection } from '../state/session';
import { Boundary } from '../ui/boundary';
import { NeedsLive, Picker, Problem, Working } from '../ui/controls';
import { BlockFigure, PredicateTable } from '../ui/figure';
import { Notes } from '../ui/notes';
import { DataTable } from '../ui/table';
import { Prose } from '../ui/text';

/** The view of an analysis, on the rows that are looked at. */
export function AnalysisView({ analysis, name }: { analysis: string; name: string }): ReactElement {
  const t = useWords();
  const { isLive } = useCurrent();
  const computed = useSection(analysis);
  const { section } = computed;
  return (
    <section className="analysis" aria-labelledby={`s-${analysis}`}>
      <header className="view-head">
        <h2 id={`s-${analysis}`}>{section ? <Prose text={section.title} /> : name}</h2>
        {section?.question && (
          <p className="question">
            <Prose text={section.question} />
          </p>
        )}
      </header>
      {computed.isRunning && <Working progress={computed.progress} onCancel={computed.cancel} />}
      <Problem error={computed.error}>
        <button type="button" onClick={computed.run}>
          {t('retry')}
        </button>
      </Problem>
      {!section && !computed.isRunning && (
        <div className="empty">
          <p>{t('not_asked', { name })}</p>
          <p className="soft">
            <Prose text={t('not_asked_hint')} />
          </p>
          {isLive ? (
            <button type="button" className="primary" onClick={computed.run}>
              {t('run_analysis')}
            </button>
          ) : (
            <NeedsLive />
          )}
        </div>
      )}
      {section && (
        <>
          <CohortState computed={computed} section={section} />
          <SectionBody section={section} />
        </>
      )}
      <KeptResults analysis={analysis} />
    </section>
  );
}

/** Which rows the section is about; without a server, what the document holds about the cohort. */
function CohortState({
  computed,
  section,
}: {
  computed: ReturnType<typeof useSection>;
  section: Section;
}): ReactElement | null {
  const t = useWords();
  const { cohort, isLive, info } = useCurrent();
  const rows = useCount(info.id, cohort.predicate, isLive && cohort.predicate !== null);
  const [isKept, setKept] = useState(false);
  const own = useMemo(
    () => section.estimates.filter((e) => cohort.name !== null && parseId(e.id)?.cohort === cohort.name),
    [section, cohort.name],
  );
  if (cohort.predicate === null) return null;
  if (computed.from === 'cohort')
    return (
      <p className="cohort-state">
        {rows.data && t('recomputed', { n: count(rows.data.n) })}{' '}
        <button
          type="button"
          disabled={isKept}
          onClick={() => void computed.keep().then(() => setKept(true))}
        >
          {isKept ? t('kept_done') : t('keep')}
        </button>
      </p>
    );
  const listed = estimatesSection(section, own);
  return (
    <>
      <p className="needs-live">
        <Prose text={t('cohort_static')} />
      </p>
      <section className="fig wide">
        <h3>{t('cohort_numbers', { name: cohort.name ?? cohort.predicate })}</h3>
        {own.length > 0 ? (
          <DataTable
            frame={new Frame(listed.table, lookAt(section))}
            title={t('cohort_numbers', { name: cohort.name ?? '' })}
          />
        ) : (
          <p className="soft">{t('cohort_none', { name: cohort.name ?? cohort.predicate })}</p>
        )}
      </section>
    </>
  );
}

/** Everything a section holds. */
export function SectionBody({ section }: { section: Section }): ReactElement {
  const t = useWords();
  const panel = panelOf(section.id);
  const { single, families } = useMemo(() => sorted(section), [section]);
  // Where most pictures are of one column each, choosing a column comes first.
  const isByColumn = panel === null && families.size > 0 && section.blocks.length > 2 * single.length;
  return (
    <>
      <Notes notes={section.notes} most={5} />
      {panel && (
        <Boundary name={`panel-${section.id}`}>
          <panel.Show section={section} />
        </Boundary>
      )}
      {isByColumn && <Families section={section} families={families} />}
      {single.length > 0 && (
        <div className="figures">
          {single.map((block) => (
            <Boundary key={block.id} name={block.id}>
              <BlockFigure section={section} block={block} />
            </Boundary>
          ))}
        </div>
      )}
      {families.size > 0 && !isByColumn && <Families section={section} families={families} />}
      <details className="all">
        <summary>{t('all_numbers')}</summary>
        <AllNumbers section={section} />
      </details>
      <details className="all">
        <summary>{t('all_tables')}</summary>
        <AllTables section={section} />
      </details>
    </>
  );
}

/** Blocks that stand alone, and those that come once for each column or grouping. */
function sorted(section: Section): { single: Block[]; families: Map<string, Block[]> } {
  const single: Block[] = [];
  const families = new Map<string, Block[]>();
  const panel = panelOf(section.id);
  // A picture turns into its table, so a table block beside it would say everything twice.
  const drawn = new Set(section.blocks.filter(isDrawn).map((block) => block.table));
  for (const block of section.blocks) {
    if (panel?.shows(section, block) || (block.kind === 'table' && drawn.has(block.table))) continue;
    const { by, cohort } = parsePart(block.id);
    const name = by === null ? null : cohort === null ? by : `${by} {${cohort}}`;
    if (name === null) single.push(block);
    else families.set(name, [...(families.get(name) ?? []), block]);
  }
  if (families.size === 1) {
    single.push(...[...families.values()].flat());
    families.clear();
  }
  return { single, families };
}

function Families({ section, families }: { section: Section; families: Map<string, Block[]> }): ReactElement {
  const t = useWords();
  const route = useRoute();
  const key = `by_${section.id}`;
  const wanted = route.options[key] ?? '';
  const names = [...families.keys()];
  const chosen = families.has(wanted) ? wanted : (names[0] ?? '');
  return (
    <section className="families" aria-label={t('by_column')}>
      <div className="controls">
        <h3>{t('by_column')}</h3>
        <Picker
          label={t('column')}
          value={chosen}
          options={names.map((name) => ({ id: name, name: name.replace(/,/g, ' × ') }))}
          onChange={(name) => setOption(key, name)}
        />
      </div>
      <div className="figures">
        {(families.get(chosen) ?? []).map((block) => (
          <Boundary key={block.id} name={block.id}>
            <BlockFigure section={section} block={block} />
          </Boundary>
        ))}
      </div>
    </section>
  );
}

function AllNumbers({ section }: { section: Section }): ReactElement {
  const frame = useMemo(
    () => new Frame(estimatesSection(section, section.estimates).table, lookAt(section)),
    [section],
  );
  return <DataTable frame={frame} title={section.title} />;
}

function AllTables({ section }: { section: Section }): ReactElement | null {
  const t = useWords();
  const [chosen, setChosen] = useState(section.tables[0]?.id ?? '');
  const table = section.tables.find((x) => x.id === chosen) ?? section.tables[0];
  if (!table) return null;
  return (
    <>
      <div className="controls">
        <Picker
          label={t('show_table')}
          value={table.id}
          options={section.tables.map((x) => ({ id: x.id, name: `${x.title} (${x.id})` }))}
          onChange={setChosen}
        />
      </div>
      <PredicateTable key={table.id} frame={frameOf(lookAt(section), table)} title={table.title} />
    </>
  );
}

function KeptResults({ analysis }: { analysis: string }): ReactElement | null {
  const t = useWords();
  const kept = useKept().filter((k) => k.analysis === analysis);
  if (kept.length === 0) return null;
  return (
    <section className="kept">
      <h3>{t('kept')}</h3>
      {kept.map((k) => (
        <details key={k.job} className="all">
          <summary>
            {k.section.title} {k.predicate && <code>{k.predicate}</code>}
          </summary>
          <SectionBody section={k.section} />
        </details>
      ))}
    </section>
  );
}
