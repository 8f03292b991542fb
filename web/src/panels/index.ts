/** Extra views of an analysis, looked up by its id. None is needed. */
import type { ReactElement } from 'react';
import { parsePart } from '../document/ids';
import type { Block, Section } from '../generated/document';
import { ErrorsPanel } from './errors';
import { FairnessPanel } from './fairness';

export interface Panel {
  Show: (props: { section: Section }) => ReactElement | null;
  /** Blocks that the panel shows itself, so that they are not drawn twice. */
  shows: (section: Section, block: Block) => boolean;
}

const PANELS: Record<string, Panel> = {
  errors: {
    Show: ErrorsPanel,
    shows: (section, block) => block === section.blocks.find((b) => b.kind === 'tree'),
  },
  fairness: {
    Show: FairnessPanel,
    shows: (_, block) =>
      parsePart(block.table ?? '').stem === 'by_group' && parsePart(block.id).stem.endsWith('_by'),
  },
};

/** The panel of an analysis, or none. */
export function panelOf(analysis: string): Panel | null {
  return Object.hasOwn(PANELS, analysis) ? (PANELS[analysis] ?? null) : null;
}
