/** What drives predictions: of all rows and of cohorts beside each other, one feature at a time, one row at a time. */
import type { ReactElement } from 'react';
import { isDrawn } from '../charts/draw';
import { frameOf, lookAt } from '../document/look';
import type { Block, Section } from '../generated/document';
import type { Translate } from '../i18n';
import { go, useRoute } from '../state/route';
import { BlockSet } from '../ui/blocks';
import { BlockFigure } from '../ui/figure';
import type { Part } from '../ui/parts';
import { CohortImportance } from './explain-cohorts';
import { FeaturePart } from './explain-feature';
import { RowPart } from './explain-row';

const IMPORTANCE = ['importance', 'by_class', 'swarm', 'permutation'];
/** Blocks of which the part about one feature shows the own rows. */
const BY_FEATURE = [
  'dependence',
  'dependence_names',
  'partial_dependence',
  'partial_dependence_names',
  'local_effects',
];
const TOGETHER = ['interactions', 'local_effects_2d'];

/** The parts of the view. */
export function explainParts(section: Section, t: Translate): Part[] {
  const named = (ids: string[]): Block[] => section.blocks.filter((b) => ids.includes(b.id));
  const isRow = (block: Block): boolean => block.id === 'rows' || /^row_\d+$/.test(block.id);
  const known = new Set<Block>([...named([...IMPORTANCE, 'by_cohort', ...BY_FEATURE, ...TOGETHER])]);
  const drawn = new Set(section.blocks.filter(isDrawn).map((b) => b.table));
  const rest = section.blocks.filter(
    (b) => !known.has(b) && !isRow(b) && !(b.kind === 'table' && drawn.has(b.table)),
  );
  const hasFeatures = lookAt(section).table('importance') !== undefined;
  return [
    {
      id: 'importance',
      title: t('part_importance'),
      show: () => <ImportancePart section={section} blocks={named(IMPORTANCE)} />,
    },
    ...(hasFeatures
      ? [{ id: 'feature', title: t('part_feature'), show: () => <FeaturePart section={section} /> }]
      : []),
    { id: 'row', title: t('part_row'), show: () => <RowPart section={section} /> },
    ...(named(TOGETHER).length > 0
      ? [
          {
            id: 'together',
            title: t('part_together'),
            show: () => <BlockSet section={section} blocks={named(TOGETHER)} />,
          },
        ]
      : []),
    ...(rest.length > 0
      ? [{ id: 'more', title: t('part_more'), show: () => <BlockSet section={section} blocks={rest} /> }]
      : []),
  ];
}

/** The ranking with intervals, cohorts beside each other, the spread over rows. A bar leads to its feature. */
function ImportancePart({ section, blocks }: { section: Section; blocks: Block[] }): ReactElement {
  const route = useRoute();
  const table = lookAt(section).table('importance');
  const features = table ? frameOf(lookAt(section), table).column('feature') : null;
  const pick = (row: number): void => {
    const feature = features?.label(row);
    if (feature !== undefined) go({ options: { ...route.options, feature, part_explain: 'feature' } });
  };
  const [ranking, ...others] = blocks;
  return (
    <>
      <div className="figures">
        {ranking && (
          <BlockFigure
            section={section}
            block={ranking}
            {...(ranking.id === 'importance' ? { onPick: pick } : {})}
          />
        )}
        <CohortImportance section={section} />
        {others.map((block) => (
          <BlockFigure key={block.id} section={section} block={block} />
        ))}
      </div>
    </>
  );
}
