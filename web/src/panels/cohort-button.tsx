/** Makes the rows of a predicate the rows that are looked at. */
import { useContext, type ReactElement } from 'react';
import { useWords } from '../i18n';
import { go } from '../state/route';
import { CurrentContext } from '../state/session';
import { CopyButton } from '../ui/controls';

/** With a live server: look at these rows. Without one: copy the filter, which the command line takes. */
export function CohortButton({
  predicate,
  label,
}: {
  predicate: string | null;
  label: string;
}): ReactElement | null {
  const t = useWords();
  const current = useContext(CurrentContext);
  if (!predicate) return null;
  if (!current?.isLive) return <CopyButton text={predicate} label={t('copy_filter')} />;
  return (
    <button
      type="button"
      aria-label={`${t('use_cohort')}: ${label}`}
      onClick={() => go({ where: predicate, cohort: null })}
    >
      {t('use_cohort')}
    </button>
  );
}
