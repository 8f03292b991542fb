/** Long sections in parts: which figures belong together. A figure that no part names comes last. */
import { parsePart } from './ids';
import type { Block } from '../generated/document';

/** Names of parts; the page's words know them. */
export type ChapterId =
  | 'part_metrics'
  | 'part_curves'
  | 'part_groups'
  | 'part_columns'
  | 'part_missing'
  | 'part_relations'
  | 'part_drift'
  | 'part_rows'
  | 'part_more';

interface Chapter {
  id: ChapterId;
  blocks: Block[];
}

/** Stems of block ids, by part, in reading order; one that ends in `_` stands for all that begin so. */
const PARTS: Record<string, [ChapterId, string[]][]> = {
  performance: [
    ['part_metrics', ['metrics', 'targets', 'confusion', 'confusion_shares', 'by_class', 'target']],
    [
      'part_curves',
      [
        'roc',
        'precision_recall',
        'reliability',
        'scores',
        'gains',
        'thresholds',
        'by_prediction',
        'residuals',
      ],
    ],
    ['part_groups', ['by_cohort', 'worst_groups', 'by_feature']],
  ],
  counterfactuals: [
    ['part_metrics', ['totals', 'importance', 'quality']],
    ['part_groups', ['recourse_by_']],
    ['part_rows', ['row_']],
  ],
  explorer: [
    ['part_columns', ['columns', 'numbers', 'values', 'histogram', 'ecdf', 'boxes']],
    ['part_missing', ['missing', 'missing_together', 'missing_target']],
    ['part_relations', ['power', 'association_matrix', 'associations', 'joint', 'copies_of_columns']],
    ['part_drift', ['drift', 'contrasts']],
    ['part_rows', ['copies', 'doubtful_labels', 'doubtful_rows', 'outliers']],
  ],
  balance: [
    ['part_groups', ['classes', 'largest_gaps', 'train_largest_gaps', 'combinations', 'distances']],
    ['part_columns', ['shares', 'outcomes', 'pairs', 'numbers']],
    ['part_missing', ['missing', 'missing_gaps']],
  ],
};

/** A section with fewer figures is read in one go. */
const FEW = 5;

/** The parts of a section's figures; one part where there are few figures or nobody named parts for it. */
export function chaptersOf(analysis: string, blocks: Block[]): Chapter[] {
  const parts = Object.hasOwn(PARTS, analysis) ? PARTS[analysis] : undefined;
  if (!parts || blocks.length <= FEW) return [{ id: 'part_more', blocks }];
  const rest = new Set(blocks);
  const chapters = parts.map(([id, stems]): Chapter => {
    const isOwn = (stem: string): boolean =>
      stems.some((known) => (known.endsWith('_') ? stem.startsWith(known) : stem === known));
    const own = blocks.filter((block) => isOwn(parsePart(block.id).stem));
    own.forEach((block) => rest.delete(block));
    return { id, blocks: own };
  });
  chapters.push({ id: 'part_more', blocks: [...rest] });
  return chapters.filter((chapter) => chapter.blocks.length > 0);
}
