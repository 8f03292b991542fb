/** The frame of the page: navigation, assessment, cohort, settings. */
import { useEffect, useMemo, useRef, useState, type ReactElement } from 'react';
import { useQueryClient } from '@tanstack/react-query';
import type { Document } from '../generated/document';
import { useWords, type Key } from '../i18n';
import { CohortBar } from '../panels/cohorts';
import { withoutToken } from '../api/token';
import { followLinks, go, useRoute, viewHref } from '../state/route';
import {
  CurrentContext,
  useAssessments,
  useCohorts,
  useCurrent,
  useDocument,
  useOnline,
  useSelected,
  useSession,
  type Current,
} from '../state/session';
import { Boundary } from '../ui/boundary';
import { CopyButton, Picker, Problem, Working } from '../ui/controls';
import { Prose, ViewInWords } from '../ui/text';
import { SettingsPanel } from '../ui/settings';
import { RowsPanel } from '../panels/rows';
import { Compare } from './compare';
import { Overview } from './overview';
import { Provenance } from './provenance';
import { AnalysisView, KeptResults } from './section';
import { viewOf, viewsOf, type View } from './views';

/** The whole page. */
export function Shell({ problems }: { problems: string[] }): ReactElement {
  const t = useWords();
  const route = useRoute();
  const { client } = useSession();
  const assessments = useAssessments();
  const info = assessments.data?.find((a) => a.id === route.assessment) ?? assessments.data?.[0] ?? null;
  const opened = useDocument(info?.id ?? null);
  const document = opened.data?.document ?? null;
  const cohorts = useCohorts(info, document);
  const selected = useSelected(cohorts);
  const views = useMemo(() => viewsOf(document), [document]);
  const view = views.find((v) => v.id === route.view) ?? views[0];
  const current: Current | null = useMemo(
    () =>
      info && document
        ? {
            info,
            document,
            cohort: { name: selected.name, predicate: selected.predicate },
            isLive: client !== null && info.live,
          }
        : null,
    [info, document, selected.name, selected.predicate, client],
  );
  const main = useRef<HTMLElement>(null);
  const [isMenuOpen, setMenuOpen] = useState(false);
  const title = view ? (view.word ? t(view.word) : view.title) : '';
  useEffect(() => {
    window.document.title = info ? `${title} · ${info.name} · Equipoise` : 'Equipoise';
  }, [title, info]);
  useEffect(followLinks, []);
  const shown = useRef(route.view);
  useEffect(() => {
    if (shown.current === route.view) return;
    shown.current = route.view;
    window.scrollTo({ top: 0 });
    main.current?.focus({ preventScroll: true });
  }, [route.view]);
  const allProblems = [...problems, ...(opened.data?.problems ?? [])];
  return (
    <>
      <a
        className="skip"
        href="#main"
        onClick={(event) => {
          event.preventDefault();
          main.current?.focus();
        }}
      >
        {t('skip')}
      </a>
      <header className="top">
        <button
          type="button"
          className="menu-button"
          aria-expanded={isMenuOpen}
          aria-controls="nav"
          onClick={() => setMenuOpen(!isMenuOpen)}
        >
          ☰ <span className="hidden">{t('menu')}</span>
        </button>
        <h1 className="brand">
          <Logo /> Equipoise
        </h1>
        {assessments.data && assessments.data.length > 1 && info ? (
          <Picker
            label={t('assessment')}
            value={info.id}
            options={assessments.data.map((a) => ({ id: a.id, name: a.name }))}
            onChange={(id) => go({ assessment: id, cohort: null, where: null })}
          />
        ) : (
          info && (
            <span className="assessment">
              <bdi>{info.name}</bdi>
            </span>
          )
        )}
        {info && (
          <span className={current?.isLive ? 'badge live' : 'badge'}>
            {current?.isLive ? t('live_mode') : t('static_mode')}
          </span>
        )}
        <span className="spacer" />
        <CopyButton
          text={() => withoutToken(window.location.href)}
          label={t('share_view')}
          hint={client ? t('share_hint') : undefined}
        />
        <SettingsPanel />
      </header>
      <Offline />
      <div className="layout">
        <nav id="nav" className={isMenuOpen ? 'nav open' : 'nav'} aria-label={t('views')}>
          <ul>
            {views.map((v) => (
              <NavItem
                key={v.id}
                view={v}
                isCurrent={v.id === view?.id}
                document={document}
                onGo={() => setMenuOpen(false)}
              />
            ))}
          </ul>
        </nav>
        <main id="main" ref={main} tabIndex={-1}>
          {client?.config.token === '' && (
            <p className="needs-live">
              <Prose text={t('locked')} />
            </p>
          )}
          <Problem error={assessments.error}>
            <button type="button" onClick={() => void assessments.refetch()}>
              {t('retry')}
            </button>
          </Problem>
          <Problem error={opened.error}>
            <button type="button" onClick={() => void opened.refetch()}>
              {t('retry')}
            </button>
          </Problem>
          {allProblems.length > 0 && (
            <details className="problem" open={document === null}>
              <summary>{t('problems')}</summary>
              <ul>
                {allProblems.map((p, i) => (
                  <li key={i}>
                    <Prose text={p} />
                  </li>
                ))}
              </ul>
            </details>
          )}
          {(assessments.isLoading || opened.isLoading) && <Working progress={null} />}
          {assessments.data?.length === 0 && (
            <div className="empty">
              <p>{t('no_document')}</p>
              <p className="soft">
                <Prose text={t('no_document_hint')} />
              </p>
            </div>
          )}
          {current && view && (
            <CurrentContext.Provider value={current}>
              <CohortBar />
              {client !== null && !current.info.live && (
                <p className="needs-live">
                  <Prose text={t('not_live', { why: current.info.why_not_live ?? '?' })} />
                </p>
              )}
              <ViewInWords view={view.id} />
              <Boundary name={`${view.id} ${current.info.id}`}>
                <Shown view={view} title={title} />
              </Boundary>
              <footer className="foot">
                {t('footer', { level: `${Math.round((current.document.spec.level ?? 0.95) * 100)} %` })}
              </footer>
            </CurrentContext.Provider>
          )}
        </main>
      </div>
    </>
  );
}

/** Names of sections that share a view, for when the document does not hold them. */
const SECTION_WORDS: Record<string, Key> = {
  counterfactuals: 'row_counterfactuals',
  what_if: 'row_edit',
  explorer: 'columns',
  balance: 'groups_compared',
};

/** The view that the address names. */
function Shown({ view, title }: { view: View; title: string }): ReactElement {
  const t = useWords();
  const { isLive, document } = useCurrent();
  // What if begins with a row or a threshold, which stand in their own places.
  const sections = view.sections.filter(
    (id) => id !== 'what_if' || document.sections.some((s) => s.id === id),
  );
  if (view.id === 'overview') return <Overview />;
  if (view.id === 'compare') return <Compare />;
  if (view.id === 'provenance') return <Provenance />;
  return (
    <>
      {view.id === 'counterfactuals' && <RowsPanel />}
      {view.id === 'data' && isLive && <RowsPanel isList />}
      {view.sections.length > sections.length && isLive && <KeptResults analysis="what_if" />}
      {sections.map((id) => (
        <Boundary key={id} name={id}>
          <AnalysisView analysis={id} name={SECTION_WORDS[id] ? t(SECTION_WORDS[id]) : title} />
        </Boundary>
      ))}
    </>
  );
}

function NavItem({
  view,
  isCurrent,
  document,
  onGo,
}: {
  view: View;
  isCurrent: boolean;
  document: Document | null;
  onGo: () => void;
}): ReactElement {
  const t = useWords();
  const route = useRoute();
  const sections = (document?.sections ?? []).filter((s) => viewOf(s.id) === view.id);
  const concerns = sections.reduce(
    (n, s) => n + s.notes.filter((note) => note.level === 'concern').length,
    0,
  );
  const isAbsent = view.sections.length > 0 && sections.length === 0;
  return (
    <li>
      <a
        href={viewHref(route, view.id)}
        aria-current={isCurrent ? 'page' : undefined}
        className={isAbsent ? 'absent' : ''}
        onClick={onGo}
      >
        {view.word ? t(view.word) : view.title}
        {concerns > 0 && (
          <span className="count">
            {concerns}
            <span className="hidden"> {t('level_concern')}</span>
          </span>
        )}
      </a>
    </li>
  );
}

/** Says that the server is gone, asks again, and refreshes when it is back. */
function Offline(): ReactElement | null {
  const t = useWords();
  const { client } = useSession();
  const isOnline = useOnline();
  const queries = useQueryClient();
  const wasGone = useRef(false);
  useEffect(() => {
    if (!client) return;
    if (isOnline) {
      if (wasGone.current) void queries.refetchQueries({ predicate: (q) => q.state.status === 'error' });
      wasGone.current = false;
      return;
    }
    wasGone.current = true;
    const timer = setInterval(() => void client.ask('assessments').catch(() => undefined), 2000);
    return () => clearInterval(timer);
  }, [client, isOnline, queries]);
  if (isOnline) return null;
  return (
    <div className="offline" role="alert">
      {t('offline')}
    </div>
  );
}

function Logo(): ReactElement {
  return (
    <svg viewBox="0 0 24 24" width="22" height="22" aria-hidden="true">
      <path
        d="M12 3v16M7 21h10M4 8h16M4 8l-2.5 6a3 3 0 0 0 5 0zM20 8l-2.5 6a3 3 0 0 0 5 0z"
        fill="none"
        stroke="currentColor"
        strokeWidth="1.6"
        strokeLinejoin="round"
      />
    </svg>
  );
}
