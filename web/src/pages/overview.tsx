/** What was assessed, what to know first, and the numbers that stand for it. */
import type { ReactElement } from 'react';
import { count } from '../document/format';
import { parsePart } from '../document/ids';
import { headlines } from '../document/words';
import type { Document, Estimate, Section } from '../generated/document';
import { useWords, type Translate } from '../i18n';
import { useRoute, viewHref } from '../state/route';
import { useCurrent, useSection } from '../state/session';
import { useSettings } from '../state/settings';
import { EstimateCard } from '../ui/estimate';
import { Notes, type PlacedNote } from '../ui/notes';
import { Working } from '../ui/controls';
import { Prose } from '../ui/text';
import { viewOf } from './views';

/** The first view. */
export function Overview(): ReactElement {
  const t = useWords();
  const { document, cohort, isLive } = useCurrent();
  const isRecomputed = isLive && cohort.predicate !== null;
  return (
    <>
      <header className="view-head">
        <h2>{t('overview')}</h2>
      </header>
      <Facts document={document} />
      {isRecomputed ? (
        document.sections.map((s) => <CohortFindings key={s.id} section={s} />)
      ) : (
        <AllFindings document={document} />
      )}
    </>
  );
}

function AllFindings({ document }: { document: Document }): ReactElement {
  const t = useWords();
  const { cohort } = useCurrent();
  const { plain } = useSettings();
  const route = useRoute();
  const placed: PlacedNote[] = [
    ...document.notes,
    ...document.sections.flatMap((section) =>
      section.notes.map((note) => ({ ...note, where: <Where section={section} /> })),
    ),
  ];
  return (
    <>
      {cohort.predicate !== null && (
        <p className="needs-live">
          <Prose text={t('cohort_static')} />
        </p>
      )}
      <section className="panel" aria-labelledby="findings">
        <div className="panel-head">
          <h3 id="findings">{t('findings')}</h3>
          <p className="soft">{t('findings_hint')}</p>
        </div>
        <Notes notes={placed.filter((n) => n.level !== 'info')} most={8} />
      </section>
      <section className="panel" aria-labelledby="key-numbers">
        <div className="panel-head">
          <h3 id="key-numbers">{t('key_numbers')}</h3>
          <p className="soft">{t('key_numbers_hint')}</p>
        </div>
        {plain && <p className="explained">{t('plain_interval')}</p>}
        {document.sections.map((section) => {
          const chosen = keyNumbers(section);
          return chosen.length === 0 ? null : (
            <div key={section.id} className="key-section">
              <h4>
                <a href={viewHref(route, viewOf(section.id))}>{section.title}</a>
              </h4>
              <div className="cards">
                {chosen.map((e) => (
                  <EstimateCard key={e.id} estimate={e} />
                ))}
              </div>
            </div>
          );
        })}
      </section>
      <Small document={document} />
    </>
  );
}

const keyNumbers = (section: Section): Estimate[] => headlines(section, 4);

/** How many numbers rest on few rows, by section. */
function Small({ document }: { document: Document }): ReactElement | null {
  const t = useWords();
  const route = useRoute();
  const listed = document.sections
    .map((s) => ({ s, n: s.estimates.filter((e) => e.small).length }))
    .filter(({ n }) => n > 0);
  if (listed.length === 0) return null;
  return (
    <p className="small-list">
      <span className="flag">† {t('small_flag')}</span> {t('small_says')}{' '}
      {listed.map(({ s, n }, i) => (
        <span key={s.id}>
          {i > 0 && ' · '}
          <a href={viewHref(route, viewOf(s.id))}>
            {s.title}: {count(n)}
          </a>
        </span>
      ))}
    </p>
  );
}

/** Findings of one analysis about the cohort. */
function CohortFindings({ section }: { section: Section }): ReactElement {
  const route = useRoute();
  const computed = useSection(section.id);
  return (
    <section className="panel">
      <h3>
        <a href={viewHref(route, viewOf(section.id))}>{section.title}</a>
      </h3>
      {computed.isRunning && <Working progress={computed.progress} onCancel={computed.cancel} />}
      {computed.section && (
        <>
          <Notes notes={computed.section.notes.filter((n) => n.level !== 'info')} most={3} />
          <div className="cards">
            {keyNumbers(computed.section).map((e) => (
              <EstimateCard key={e.id} estimate={e} />
            ))}
          </div>
        </>
      )}
    </section>
  );
}

function Where({ section }: { section: Section }): ReactElement {
  const t = useWords();
  const route = useRoute();
  return (
    <a
      className="where"
      href={viewHref(route, viewOf(section.id))}
      aria-label={t('show_in', { view: section.title })}
    >
      {section.title}
    </a>
  );
}

function Facts({ document }: { document: Document }): ReactElement {
  const t = useWords();
  const facts = factsOf(document, t);
  return (
    <dl className="fact-list" aria-label={t('about_model')}>
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>
            <bdi>{value}</bdi>
          </dd>
        </div>
      ))}
    </dl>
  );
}

function factsOf(document: Document, t: Translate): [string, string][] {
  const { spec, model, datasets, task, classes } = document;
  const facts: [string, string][] = [];
  if (model)
    facts.push([t('model'), `${model.describes} (${model.format}), ${model.features.length} ${t('inputs')}`]);
  const kind =
    task === 'binary'
      ? t('task_binary', { positive: classes.at(-1) ?? '?' })
      : task === 'multiclass'
        ? t('task_multiclass', { n: classes.length })
        : t('task_regression');
  facts.push([t('task'), kind]);
  if (spec.target) facts.push([t('target'), spec.target]);
  for (const data of datasets)
    facts.push([
      data.part === 'train' ? t('train_data') : t('test_data'),
      `${count(data.n_rows)} ${t('rows')}, ${data.columns.length} ${t('columns')}`,
    ]);
  const sensitive = (spec.sensitive ?? []).map((s) => (typeof s === 'string' ? s : s.column));
  if (sensitive.length > 0) facts.push([t('groups_by'), sensitive.join(', ')]);
  const cohorts = document.cohorts.map((c) => c.name).filter((n) => n !== 'all');
  if (cohorts.length > 0) facts.push([t('cohorts'), cohorts.map((c) => parsePart(c).stem).join(', ')]);
  return facts;
}
