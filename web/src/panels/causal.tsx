/** Effects, whom they concern, what a rule would do, and how strong a forgotten cause would have to be. */
import type { ReactElement } from 'react';
import { isDrawn } from '../charts/draw';
import { drawRows } from '../charts/rows';
import { parseId } from '../document/ids';
import { lookAt } from '../document/look';
import { where, withIntervals } from '../document/tables';
import { treatmentsOf, type Treatment } from '../document/treatments';
import type { Block, Estimate, Section } from '../generated/document';
import { useWords, type Translate } from '../i18n';
import { setOption, useRoute } from '../state/route';
import { useCurrent } from '../state/session';
import { Figures } from '../ui/blocks';
import { Picker } from '../ui/controls';
import { EstimateCard } from '../ui/estimate';
import { BlockFigure, Figure } from '../ui/figure';
import { DOCUMENT_LANGUAGE } from '../ui/text';
import type { Part } from '../ui/parts';
import { Contour } from './causal-contour';
import { OneRow } from './causal-row';

/** Blocks by stem: those of one treatment end in its place. */
const stemOf = (block: Block): string => block.id.replace(/_\d+$/, '');

const STEMS = {
  effects: ['effects', 'mean_outcomes', 'cohorts', 'dose_response'],
  whom: ['heterogeneity', 'effects_of_rows', 'rows'],
  policy: ['policy'],
  sensitivity: ['contour', 'sensitivity', 'refuters', 'negative_controls'],
  trust: ['overlap', 'balance', 'nuisances', 'instrument'],
};

/** The parts of the view. */
export function causalParts(section: Section, t: Translate): Part[] {
  const drawn = new Set(section.blocks.filter(isDrawn).map((b) => b.table));
  const shown = section.blocks.filter((b) => !(b.kind === 'table' && drawn.has(b.table)));
  const known = new Set([...Object.values(STEMS).flat(), 'what_if']);
  const of = (stems: string[]): Block[] => shown.filter((b) => stems.includes(stemOf(b)));
  const rest = shown.filter((b) => !known.has(stemOf(b)));
  const part = (id: keyof typeof STEMS, show: (blocks: Block[]) => ReactElement): Part[] => {
    const blocks = of(STEMS[id]);
    return blocks.length > 0 ? [{ id, title: t(`part_${id}`), show: () => show(blocks) }] : [];
  };
  return [
    ...part('effects', (blocks) => <OfTreatment section={section} blocks={blocks} show={plain} />),
    ...part('whom', (blocks) => <OfTreatment section={section} blocks={blocks} show={whom} />),
    ...(treatmentsOf(section).length > 0
      ? [{ id: 'what_if', title: t('part_what_if'), show: () => <OneRow section={section} /> }]
      : []),
    ...part('policy', (blocks) => <OfTreatment section={section} blocks={blocks} show={policy} />),
    ...part('sensitivity', (blocks) => <OfTreatment section={section} blocks={blocks} show={sensitivity} />),
    ...part('trust', (blocks) => <OfTreatment section={section} blocks={blocks} show={plain} />),
    ...(rest.length > 0
      ? [{ id: 'more', title: t('part_more'), show: () => <Figures section={section} blocks={rest} /> }]
      : []),
  ];
}

type Show = (section: Section, blocks: Block[], treatment: Treatment | undefined) => ReactElement;

/** The blocks of one treatment beside those of all, with a choice where there are several. */
function OfTreatment({
  section,
  blocks,
  show,
}: {
  section: Section;
  blocks: Block[];
  show: Show;
}): ReactElement {
  const t = useWords();
  const route = useRoute();
  const treatments = treatmentsOf(section);
  const chosen = treatments.find((one) => one.name === route.options.treatment) ?? treatments[0];
  const placeOf = (block: Block): number | null => {
    const found = /_(\d+)$/.exec(block.id);
    return found ? Number(found[1]) : null;
  };
  const isMany = treatments.length > 1 && blocks.some((b) => placeOf(b) !== null);
  const own = blocks.filter((b) => placeOf(b) === null || placeOf(b) === (chosen?.place ?? 0));
  return (
    <>
      {isMany && (
        <div className="controls">
          <Picker
            label={t('treatment')}
            value={chosen?.name ?? ''}
            options={treatments.map((one) => ({ id: one.name, name: one.name }))}
            onChange={(name) => setOption('treatment', name)}
          />
        </div>
      )}
      {show(section, own, chosen)}
    </>
  );
}

const plain: Show = (section, blocks) => <Figures section={section} blocks={blocks} />;

/** Estimates of a metric that are about a treatment, for all rows. */
function estimatesOf(section: Section, metrics: string[], treatment: Treatment | undefined): Estimate[] {
  return section.estimates.filter((e) => {
    const id = parseId(e.id);
    if (!id || id.cohort !== null || !metrics.includes(id.metric)) return false;
    return id.columns[0]?.column === treatment?.name;
  });
}

function Cards({ estimates }: { estimates: Estimate[] }): ReactElement | null {
  if (estimates.length === 0) return null;
  return (
    <div className="cards">
      {estimates.map((e) => (
        <EstimateCard key={e.id} estimate={e} />
      ))}
    </div>
  );
}

const whom: Show = (section, blocks) => (
  <div className="figures">
    {blocks.map((block) =>
      stemOf(block) === 'heterogeneity' ? (
        <Slopes key={block.id} section={section} block={block} />
      ) : (
        <BlockFigure key={block.id} section={section} block={block} />
      ),
    )}
  </div>
);

/** How effects differ, as dots with their intervals in place of a table of numbers. */
function Slopes({ section, block }: { section: Section; block: Block }): ReactElement | null {
  const t = useWords();
  const { document } = useCurrent();
  const look = lookAt(section);
  const table = look.table(block.table ?? '');
  if (!table) return null;
  const frame = withIntervals(
    table,
    { value: 'slope', low: 'low', high: 'high' },
    document.spec.level ?? 0.95,
  );
  const contrasts = new Set<unknown>(table.columns.find((c) => c.id === 'contrast')?.values ?? []);
  return (
    <Figure
      title={block.title}
      lang={DOCUMENT_LANGUAGE}
      says={block.says}
      hint={t('units_differ')}
      frame={frame}
      render={(width) =>
        drawRows(
          { look, frame, width, t },
          {
            label: 'feature',
            value: 'slope',
            series: contrasts.size > 1 ? 'contrast' : null,
            reference: { at: 0 },
          },
          'dots',
        )
      }
    />
  );
}

const policy: Show = (section, blocks, treatment) => (
  <>
    <Cards estimates={estimatesOf(section, ['policy_gain_over_all'], treatment)} />
    <Figures section={section} blocks={blocks} />
  </>
);

const sensitivity: Show = (section, blocks, treatment) => (
  <>
    <Cards
      estimates={estimatesOf(
        section,
        ['robustness_value', 'robustness_value_of_interval', 'e_value', 'e_value_of_interval'],
        treatment,
      )}
    />
    <div className="figures">
      {blocks.map((block) =>
        stemOf(block) === 'contour' && block.kind === 'heat_map' ? (
          <Contour key={block.id} section={section} block={block} />
        ) : stemOf(block) === 'refuters' ? (
          <Refuters key={block.id} section={section} block={block} treatment={treatment} />
        ) : (
          <BlockFigure key={block.id} section={section} block={block} />
        ),
      )}
    </div>
  </>
);

/** Attempts to break an effect: where simulations ended up, each with the interval of 95 % of them. */
function Refuters({
  section,
  block,
  treatment,
}: {
  section: Section;
  block: Block;
  treatment: Treatment | undefined;
}): ReactElement | null {
  const t = useWords();
  const look = lookAt(section);
  const whole = look.table(block.table ?? '');
  const effects = look.table('effects');
  if (!whole) return null;
  const names = effects?.columns.find((c) => c.id === 'effect')?.values ?? [];
  const of = (effects?.columns.find((c) => c.id === 'treatment')?.values ?? []).map(String);
  const effect = names[of.indexOf(treatment?.name ?? '')];
  const table = typeof effect === 'string' ? where(whole, 'effect', effect) : whole;
  const frame = withIntervals(table, { value: 'mean', low: 'low', high: 'high' }, 0.95);
  return (
    <Figure
      title={typeof effect === 'string' ? `${block.title}: ${effect}` : block.title}
      lang={DOCUMENT_LANGUAGE}
      says={block.says}
      frame={frame}
      render={(width) =>
        drawRows({ look, frame, width, t }, { label: 'attempt', value: 'mean', reference: { at: 0 } }, 'dots')
      }
    />
  );
}
