/** Any section: notes, the panel that is made for it where there is one, every block, every number, every table. */
import { useMemo, useState, type ReactElement } from 'react';
import { isDrawn } from '../charts/draw';
import { estimatesSection } from '../document/estimates';
import { count } from '../document/format';
import { chaptersOf } from '../document/chapters';
import { parseId } from '../document/ids';
import { Frame, frameOf, lookAt } from '../document/look';
import type { Block, Section } from '../generated/document';
import { useWords } from '../i18n';
import { panelOf } from '../panels';
import { useCount, useCurrent, useKept, useKeptRemoval, useSection } from '../state/session';
import { Boundary } from '../ui/boundary';
import { NeedsLive, Picker, Problem, Working } from '../ui/controls';
import { BlockSet } from '../ui/blocks';
import { PredicateTable } from '../ui/figure';
import { Notes } from '../ui/notes';
import { Parts, type Part } from '../ui/parts';
import { DataTable } from '../ui/table';
import { Prose, Says } from '../ui/text';

/** The view of an analysis, on the rows that are looked at. */
export function AnalysisView({ analysis, name }: { analysis: string; name: string }): ReactElement {
  const t = useWords();
  const { isLive } = useCurrent();
  const computed = useSection(analysis);
  const { section } = computed;
  return (
    <section className="analysis" aria-labelledby={`s-${analysis}`}>
      <header className="view-head">
        <h2 id={`s-${analysis}`}>{section ? <Says text={section.title} /> : name}</h2>
        {section?.question && (
          <p className="question">
            <Says text={section.question} />
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
  const blocks = useMemo(() => remaining(section), [section]);
  const parts: Part[] = panel?.parts
    ? panel.parts(section, t)
    : chaptersOf(section.id, blocks).map((chapter) => ({
        id: chapter.id,
        title: t(chapter.id),
        show: () => <BlockSet section={section} blocks={chapter.blocks} isPlain={panel === null} />,
      }));
  return (
    <>
      <Notes notes={section.notes} most={5} />
      {panel?.Show && (
        <Boundary name={`panel-${section.id}`}>
          <panel.Show section={section} />
        </Boundary>
      )}
      <Parts name={section.id} parts={parts} />
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

/** The blocks that no panel shows, without tables that a picture turns into anyway. */
function remaining(section: Section): Block[] {
  const panel = panelOf(section.id);
  const drawn = new Set(section.blocks.filter(isDrawn).map((block) => block.table));
  return section.blocks.filter(
    (block) => !panel?.shows?.(section, block) && !(block.kind === 'table' && drawn.has(block.table)),
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

/** Answers that were kept with the assessment. */
export function KeptResults({ analysis }: { analysis: string }): ReactElement | null {
  const t = useWords();
  const kept = useKept().filter((k) => k.analysis === analysis);
  const remove = useKeptRemoval();
  if (kept.length === 0) return null;
  return (
    <section className="kept">
      <h3>{t('kept')}</h3>
      <Problem error={remove.error} />
      {kept.map((k) => (
        <details key={k.job} className="all">
          <summary>
            <Says text={k.section.title} /> {k.predicate && <code>{k.predicate}</code>}
          </summary>
          <p>
            <button type="button" disabled={remove.isPending} onClick={() => remove.mutate(k.job)}>
              {t('delete')}
            </button>
          </p>
          <SectionBody section={k.section} />
        </details>
      ))}
    </section>
  );
}
