/** Extra views of an analysis, looked up by its id. None is needed. */
import type { ReactElement } from 'react';
import { parsePart } from '../document/ids';
import type { Block, Section } from '../generated/document';
import type { Translate } from '../i18n';
import type { Part } from '../ui/parts';
import { causalParts } from './causal';
import { ErrorsPanel } from './errors';
import { explainParts } from './explain';
import { FairnessPanel } from './fairness';

export interface Panel {
  /** What stands above the figures. */
  Show?: (props: { section: Section }) => ReactElement | null;
  /** Blocks that the panel shows itself, so that they are not drawn twice. */
  shows?: (section: Section, block: Block) => boolean;
  /** The whole section in parts, in place of its figures one after the other. */
  parts?: (section: Section, t: Translate) => Part[];
}

const PANELS: Record<string, Panel> = {
  causal: { parts: causalParts },
  explain: { parts: explainParts },
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
