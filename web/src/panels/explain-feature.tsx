/** One feature: how much it moves predictions, how its values act, and what the model would say at other values. */
import type { ReactElement } from 'react';
import { draw } from '../charts/draw';
import { drawLines } from '../charts/lines';
import { parseId } from '../document/ids';
import { frameOf, lookAt, type Frame } from '../document/look';
import { frameAround, where } from '../document/tables';
import type { Block, Section } from '../generated/document';
import { useWords } from '../i18n';
import { setOption, useRoute } from '../state/route';
import { Picker } from '../ui/controls';
import { EstimateCard } from '../ui/estimate';
import { Figure } from '../ui/figure';
import { DOCUMENT_LANGUAGE, Says } from '../ui/text';

type Curve = Extract<Block, { kind: 'curve' }>;

/** The chosen feature, the most important one at first. */
export function FeaturePart({ section }: { section: Section }): ReactElement | null {
  const t = useWords();
  const route = useRoute();
  const look = lookAt(section);
  const table = look.table('importance');
  if (!table) return null;
  const frame = frameOf(look, table);
  const features = Array.from({ length: frame.n }, (_, row) => frame.column('feature')?.label(row) ?? '');
  const feature = features.includes(route.options.feature ?? '')
    ? (route.options.feature ?? '')
    : (features[0] ?? '');
  const row = features.indexOf(feature);
  const estimates = [
    frame.column('mean_abs_attribution')?.cell(row).estimate,
    frame.column('mean_attribution')?.cell(row).estimate,
    section.estimates.find((e) => isLossOf(e.id, feature)),
  ].flatMap((e) => e ?? []);
  const says = frame.column('says')?.cell(row).text;
  const pictures = ['dependence', 'dependence_names', 'local_effects', 'partial_dependence_names']
    .map((id) => <OfFeature key={id} section={section} id={id} feature={feature} />)
    .filter((figure) => figure !== null);
  return (
    <section aria-label={t('part_feature')}>
      <div className="controls">
        <h3>{t('part_feature')}</h3>
        <Picker
          label={t('feature')}
          value={feature}
          options={features.map((name) => ({ id: name, name }))}
          onChange={(name) => setOption('feature', name)}
        />
      </div>
      {says && (
        <p className="says">
          <Says text={says} />
        </p>
      )}
      <div className="cards">
        {estimates.map((e) => (
          <EstimateCard key={e.id} estimate={e} />
        ))}
      </div>
      <div className="figures">
        <LinesOfFeature section={section} feature={feature} />
        {pictures}
      </div>
      {!hasCurves(section, feature) && <p className="soft">{t('no_curves')}</p>}
    </section>
  );
}

function isLossOf(text: string, feature: string): boolean {
  const id = parseId(text);
  return id?.metric === 'permutation_importance' && id.cohort === null && id.columns[0]?.column === feature;
}

const hasCurves = (section: Section, feature: string): boolean =>
  ['dependence', 'dependence_names', 'partial_dependence', 'partial_dependence_names'].some(
    (id) => (ownRows(section, id, feature)?.n ?? 0) > 0,
  );

/** The rows of a table that speak of a feature. */
function ownRows(section: Section, id: string, feature: string): Frame | null {
  const table = lookAt(section).table(id);
  return table ? frameAround(where(table, 'feature', feature), section.estimates) : null;
}

/** A figure of the section with the rows of one feature. */
function OfFeature({
  section,
  id,
  feature,
}: {
  section: Section;
  id: string;
  feature: string;
}): ReactElement | null {
  const t = useWords();
  const block = section.blocks.find((b) => b.id === id);
  const frame = ownRows(section, id, feature);
  if (!block || !frame || frame.n === 0) return null;
  const look = lookAt(section);
  // One feature is left, so that its name need not tell lines apart.
  const alone = { ...block, series: null } as Block;
  return (
    <Figure
      title={`${block.title} · ${feature}`}
      lang={DOCUMENT_LANGUAGE}
      says={block.says}
      frame={frame}
      render={(width) => draw({ look, frame, width, t }, alone)}
    />
  );
}

/** Partial dependence over the lines of single rows. */
function LinesOfFeature({ section, feature }: { section: Section; feature: string }): ReactElement | null {
  const t = useWords();
  const block = section.blocks.find((b): b is Curve => b.id === 'partial_dependence' && b.kind === 'curve');
  const frame = ownRows(section, 'partial_dependence', feature);
  if (!block || !frame || frame.n === 0) return null;
  const lines = ownRows(section, 'lines', feature);
  const behind = lines && lines.n > 0 ? { frame: lines, x: 'x', y: 'prediction', line: 'line' } : null;
  const look = lookAt(section);
  return (
    <Figure
      title={`${block.title} · ${feature}`}
      lang={DOCUMENT_LANGUAGE}
      says={block.says}
      hint={behind ? t('lines_hint') : undefined}
      frame={frame}
      render={(width) => drawLines({ look, frame, width, t }, block, behind)}
    />
  );
}
