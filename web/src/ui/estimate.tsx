/** One number with everything that is needed to trust it. */
import type { ReactElement } from 'react';
import { count, intervalText, styleOf, valueText } from '../document/format';
import { parseId } from '../document/ids';
import { nameOf, whyMissing } from '../document/words';
import type { Estimate } from '../generated/document';
import { useWords, type Key } from '../i18n';
import { Explained } from './text';

/** A card: name, value, interval as words and as a line, rows, which way is better. */
export function EstimateCard({ estimate, name }: { estimate: Estimate; name?: string }): ReactElement {
  const t = useWords();
  const metric = parseId(estimate.id)?.metric ?? '';
  const style = styleOf(estimate);
  return (
    <div className="card">
      <p className="card-name">
        <bdi>{name ?? nameOf(estimate.id)}</bdi>
      </p>
      <p className="card-value" dir="ltr">
        {estimate.value === null ? valueText(estimate) : style.bare(estimate.value)}
        {estimate.value !== null && style.unit && <span className="card-unit"> {style.unit}</span>}
      </p>
      {estimate.value === null ? (
        <p className="soft">
          {t('missing_value')}: {whyMissing(estimate.missing ?? 'not_finite')}
        </p>
      ) : (
        estimate.interval && (
          <>
            <IntervalLine estimate={estimate} />
            <p className="card-interval" dir="ltr">
              {intervalText(estimate)}
            </p>
          </>
        )
      )}
      <p className="card-foot">
        n = {count(estimate.n)}
        {estimate.better !== 'neither' && ` · ${t(`better_${estimate.better}` as Key)}`}
        {estimate.small && (
          <span className="flag" title={t('small_says')}>
            {' '}
            † {t('small_flag')}
          </span>
        )}
      </p>
      <Explained metric={metric} />
    </div>
  );
}

/** The interval on the range that the unit suggests. */
function IntervalLine({ estimate }: { estimate: Estimate }): ReactElement | null {
  const { interval, value } = estimate;
  if (!interval || value === null) return null;
  const isShare = estimate.unit === 'share' && interval.low >= 0 && interval.high <= 1;
  const pad = (interval.high - interval.low) * 1.5 || 1;
  const [low, high] = isShare
    ? [0, 1]
    : [Math.min(interval.low - pad, value), Math.max(interval.high + pad, value)];
  const at = (x: number): number => ((x - low) / (high - low)) * 200;
  const style = styleOf(estimate);
  return (
    <svg
      className="interval-line"
      viewBox="0 0 200 12"
      preserveAspectRatio="none"
      aria-hidden="true"
      direction="ltr"
    >
      <title>{style.full(value)}</title>
      <line className="gr" x1={0} x2={200} y1={6} y2={6} />
      <rect
        className="br k1"
        x={at(interval.low)}
        y={3}
        width={Math.max(2, at(interval.high) - at(interval.low))}
        height={6}
      />
      <rect className="at" x={at(value) - 1} y={0} width={2} height={12} />
    </svg>
  );
}
