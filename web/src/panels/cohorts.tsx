/** The bar that says which rows are looked at, and changes them. */
import { useState, type ReactElement } from 'react';
import { count, fitting } from '../document/format';
import { useWords } from '../i18n';
import { go, useRoute } from '../state/route';
import { useCohortChanges, useCohorts, useCount, useCurrent } from '../state/session';
import { CopyButton, Problem } from '../ui/controls';
import { CohortBuilder } from './builder';

/** Switches, builds, saves and deletes cohorts. */
export function CohortBar(): ReactElement {
  const t = useWords();
  const route = useRoute();
  const { info, document, cohort, isLive } = useCurrent();
  const cohorts = useCohorts(info, document);
  const { remove } = useCohortChanges(info.id);
  const [error, setError] = useState<unknown>(null);
  const chosen = cohorts.find((c) => c.name === cohort.name);
  const isUnsaved = route.where !== null;
  const isUnknown = !isUnsaved && route.cohort !== null && !chosen && cohorts.length > 0;
  const choose = (value: string): void => {
    setError(null);
    if (value === ':all') go({ cohort: null, where: null });
    else if (value !== ':where') go({ cohort: value.slice(1), where: null });
  };
  return (
    <section className="cohort-bar" aria-label={t('cohort')}>
      <label className="picker">
        <span>{t('cohort')}</span>
        <select
          value={isUnsaved ? ':where' : cohort.name === null ? ':all' : `=${cohort.name}`}
          onChange={(e) => choose(e.target.value)}
        >
          <option value=":all">{t('all_rows')}</option>
          {isUnsaved && <option value=":where">{t('unsaved')}</option>}
          {cohorts.map((c) => (
            <option key={c.name} value={`=${c.name}`}>
              {c.n === null ? c.name : `${c.name} (${count(c.n)})`}
            </option>
          ))}
        </select>
      </label>
      <Size />
      {cohort.predicate !== null && (
        <code className="predicate" title={cohort.predicate}>
          {cohort.predicate}
        </code>
      )}
      <span className="spacer" />
      {isUnsaved && isLive && <SaveCohort predicate={route.where ?? ''} />}
      {isUnsaved && !isLive && <CopyButton text={route.where ?? ''} label={t('copy_filter')} />}
      {chosen?.source === 'saved' && isLive && (
        <button
          type="button"
          onClick={() => {
            setError(null);
            remove(chosen.name).then(() => go({ cohort: null }), setError);
          }}
        >
          {t('delete')}
        </button>
      )}
      <CohortBuilder start={cohort.predicate} />
      <Problem error={error} />
      {isUnknown && <p className="needs-live">{t('cohort_unknown', { name: route.cohort ?? '' })}</p>}
    </section>
  );
}

/** Rows and errors of the selection. */
function Size(): ReactElement | null {
  const t = useWords();
  const { info, document, cohort, isLive } = useCurrent();
  const counted = useCount(info.id, cohort.predicate, isLive);
  if (isLive && counted.error) return <Problem error={counted.error} />;
  const known =
    cohort.name === null && cohort.predicate === null
      ? info.n_rows
      : document.cohorts.find((c) => c.name === cohort.name)?.n;
  const n = isLive ? counted.data?.n : known;
  if (n === undefined)
    return isLive && counted.isFetching ? (
      <span className="size soft" role="status">
        {cohort.predicate === null ? t('opening') : t('counting')}
      </span>
    ) : null;
  const { share, error_rate: rate, mean_error: mean } = counted.data ?? {};
  const percent = (x: number): string => fitting({ sign: 'percent' }, [[x, null]]).full(x);
  return (
    <span className="size" aria-live="polite">
      <strong dir="ltr">{count(n)}</strong> {t('rows')}
      {cohort.predicate !== null && typeof share === 'number' && (
        <>
          {' '}
          (<span dir="ltr">{percent(share)}</span> {t('share_of_rows')})
        </>
      )}
      {typeof rate === 'number' && (
        <>
          {' '}
          · {t('error_rate')} <strong dir="ltr">{percent(rate)}</strong>
        </>
      )}
      {typeof mean === 'number' && (
        <>
          {' '}
          · {t('mean_error')}{' '}
          <strong dir="ltr">{fitting({ sign: 'plain' }, [[mean, null]]).full(mean)}</strong>
        </>
      )}
    </span>
  );
}

/** Gives the selection a name. */
function SaveCohort({ predicate }: { predicate: string }): ReactElement {
  const t = useWords();
  const { info } = useCurrent();
  const { save } = useCohortChanges(info.id);
  const [name, setName] = useState('');
  const [error, setError] = useState<unknown>(null);
  return (
    <form
      className="inline-form"
      onSubmit={(event) => {
        event.preventDefault();
        setError(null);
        save(name.trim(), predicate).then((saved) => go({ cohort: saved.name, where: null }), setError);
      }}
    >
      <input
        aria-label={t('cohort_name')}
        placeholder={t('cohort_name')}
        value={name}
        onChange={(e) => setName(e.target.value)}
        required
        maxLength={200}
      />
      <button type="submit">{t('save_as')}</button>
      <Problem error={error} />
    </form>
  );
}
