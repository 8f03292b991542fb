/** The importance of features for several cohorts beside each other, each with its interval. */
import { useQueries } from '@tanstack/react-query';
import { useState, type ReactElement } from 'react';
import { drawRows } from '../charts/rows';
import type { Progress } from '../api/types';
import { parseId } from '../document/ids';
import { Frame, lookAt } from '../document/look';
import { sectionAround } from '../document/tables';
import type { Estimate, Section, Table } from '../generated/document';
import { useWords } from '../i18n';
import { setOption, useRoute } from '../state/route';
import { sectionOf, useCohorts, useCurrent, useSession } from '../state/session';
import { Problem, Working } from '../ui/controls';
import { Figure } from '../ui/figure';
import { Prose } from '../ui/text';

/** Features that stand beside each other; the others are in the table of the whole ranking. */
const MOST_FEATURES = 12;

/** A cohort, and its features with the numbers that the document or a computation holds. */
export interface ImportanceSide {
  name: string;
  sizes: Map<string, Estimate>;
  /** How much more they move predictions than in the other rows, where the document says so. */
  differences: Map<string, Estimate>;
}

/** The sizes of attributions in a section: of the section's own rows, or of a cohort in it. */
export function sideOf(name: string, section: Section, cohort: string | null): ImportanceSide {
  const side: ImportanceSide = { name, sizes: new Map(), differences: new Map() };
  for (const e of section.estimates) {
    const id = parseId(e.id);
    if (id?.metric !== 'mean_abs_attribution' || id.cohort !== cohort) continue;
    const feature = id.columns[0]?.column;
    if (feature === undefined || id.columns.length !== 1) continue;
    if (id.aggregate === null) side.sizes.set(feature, e);
    else if (id.aggregate === 'difference') side.differences.set(feature, e);
  }
  return side;
}

/** One table: a line for each feature and cohort, the most important features first. */
export function besideEachOther(sides: ImportanceSide[]): { section: Section; table: Table } {
  const most = (feature: string): number =>
    Math.max(...sides.map((side) => Math.abs(side.sizes.get(feature)?.value ?? 0)));
  // A feature that one of them does not tell of cannot be compared.
  const features = [...(sides[0]?.sizes.keys() ?? [])]
    .filter((feature) => sides.every((side) => side.sizes.has(feature)))
    .sort((a, b) => most(b) - most(a))
    .slice(0, MOST_FEATURES);
  const estimates: Estimate[] = [];
  const own = (e: Estimate | undefined, id: string): string | null => {
    if (!e) return null;
    estimates.push({ ...e, id });
    return id;
  };
  const lines = features.flatMap((feature, f) =>
    sides.map((side, s) => ({ feature, side, at: `${f}_${s}` })),
  );
  const table: Table = {
    id: 'importance_by_cohort',
    title: '',
    columns: [
      { id: 'feature', title: 'Feature', type: 'text', values: lines.map((l) => l.feature) },
      { id: 'cohort', title: 'Cohort', type: 'text', values: lines.map((l) => l.side.name) },
      {
        id: 'size',
        title: 'Mean size of attribution',
        type: 'estimate',
        values: lines.map((l) => own(l.side.sizes.get(l.feature), `made.size_${l.at}`)),
      },
      {
        id: 'difference',
        title: 'More than in other rows by',
        type: 'estimate',
        values: lines.map((l) => own(l.side.differences.get(l.feature), `made.difference_${l.at}`)),
      },
    ],
  };
  return { section: sectionAround(table, estimates), table };
}

/** Cohorts to choose from, and the picture. What the document does not hold is computed where there is a server. */
export function CohortImportance({ section }: { section: Section }): ReactElement | null {
  const t = useWords();
  const route = useRoute();
  const { client } = useSession();
  const { info, document, cohort, isLive } = useCurrent();
  const cohorts = useCohorts(info, document);
  const [progress, setProgress] = useState<Progress | null>(null);
  const whole = document.sections.find((s) => s.id === 'explain') ?? section;
  const inDocument = new Set(
    document.cohorts.map((c) => c.name).filter((name) => sideOf(name, whole, name).sizes.size > 0),
  );
  const offered = cohorts.filter((c) => inDocument.has(c.name) || (isLive && c.predicate !== null));
  const chosen = (route.options.importance_of ?? [...inDocument].slice(0, 2).join('|'))
    .split('|')
    .filter((name) => offered.some((c) => c.name === name));
  const toggle = (name: string): void =>
    setOption(
      'importance_of',
      (chosen.includes(name) ? chosen.filter((c) => c !== name) : [...chosen, name]).join('|') || '|',
    );
  const asked = chosen.filter((name) => !inDocument.has(name));
  const answers = useQueries({
    queries: asked.map((name) => {
      const predicate = cohorts.find((c) => c.name === name)?.predicate ?? null;
      // The view of a cohort asks the same, so that the answer is there when somebody goes on to it.
      return {
        queryKey: ['section', info.id, 'explain', predicate, null],
        staleTime: Infinity,
        retry: false,
        queryFn: async ({ signal }: { signal: AbortSignal }) => {
          if (!client) throw new Error('there is no server');
          const body = { analysis: 'explain', predicate, params: null, keep: false };
          const path = `assessments/${encodeURIComponent(info.id)}/sections?wait=0.25`;
          return sectionOf(await client.run(path, body, signal, setProgress));
        },
      };
    }),
  });
  const sides = [sideOf(t('all_rows'), whole, null)];
  // Rows without a name that are looked at have a section of their own.
  if (section !== whole && cohort.predicate !== null && !chosen.includes(cohort.name ?? ''))
    sides.push(sideOf(cohort.name ?? t('unsaved'), section, null));
  for (const name of chosen) {
    const answer = answers[asked.indexOf(name)]?.data;
    if (inDocument.has(name)) sides.push(sideOf(name, whole, name));
    else if (answer) sides.push(sideOf(name, answer, null));
  }
  if (offered.length === 0 && sides.length < 2) return null;
  const made = besideEachOther(sides);
  const look = lookAt(made.section);
  const frame = new Frame(made.table, look);
  return (
    <Figure
      title={t('features_compare')}
      says={t('features_compare_hint')}
      frame={frame}
      metric="mean_abs_attribution"
      controls={
        <>
          <fieldset className="checks">
            <legend>{t('choose_cohorts')}</legend>
            {offered.map((c) => (
              <label key={c.name}>
                <input type="checkbox" checked={chosen.includes(c.name)} onChange={() => toggle(c.name)} />{' '}
                <bdi>{c.name}</bdi>
              </label>
            ))}
          </fieldset>
          {!isLive && (
            <p className="soft">
              <Prose text={t('features_compare_static')} />
            </p>
          )}
          {answers.some((a) => a.isFetching) && <Working progress={progress} />}
          {answers.map((a, i) => (
            <Problem key={i} error={a.error} />
          ))}
        </>
      }
      render={(width) =>
        drawRows({ look, frame, width, t }, { label: 'feature', value: 'size', series: 'cohort' }, 'dots')
      }
    />
  );
}
