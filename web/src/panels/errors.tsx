/** The error tree to walk through: a node is a cohort. */
import { useState, type ReactElement } from 'react';
import { drawTree } from '../charts/tree';
import { frameOf, lookAt, type Frame } from '../document/look';
import type { Block, Section } from '../generated/document';
import { useWords } from '../i18n';
import { Figure } from '../ui/figure';
import { DOCUMENT_LANGUAGE } from '../ui/text';
import { CohortButton } from './cohort-button';

type TreeBlock = Extract<Block, { kind: 'tree' }>;

/** The tree with the chosen node's facts beside it. */
export function ErrorsPanel({ section }: { section: Section }): ReactElement | null {
  const t = useWords();
  const look = lookAt(section);
  const block = section.blocks.find((b): b is TreeBlock => b.kind === 'tree');
  const table = block?.table ? look.table(block.table) : undefined;
  const [picked, setPicked] = useState<number | null>(null);
  if (!block || !table) return null;
  const frame = frameOf(look, table);
  const chosen = picked !== null && picked < frame.n ? picked : worstLeaf(frame, block);
  return (
    <div className="tree-panel">
      <Figure
        title={block.title}
        lang={DOCUMENT_LANGUAGE}
        says={block.says}
        hint={t('tree_hint')}
        frame={frame}
        isWide
        metric="error_rate"
        render={(width) => drawTree({ look, frame, width, t }, block, chosen)}
        onPick={setPicked}
      />
      {chosen !== null && <NodeFacts frame={frame} row={chosen} block={block} />}
    </div>
  );
}

/** The node with the highest value among those without children. */
function worstLeaf(frame: Frame, block: TreeBlock): number | null {
  const [nodes, parents, values] = [
    frame.column(block.node),
    frame.column(block.parent),
    frame.column(block.value),
  ];
  if (!nodes || !parents || !values) return null;
  const inner = new Set(Array.from({ length: frame.n }, (_, row) => parents.label(row)));
  let best: number | null = null;
  for (let row = 0; row < frame.n; row++) {
    const cell = values.cell(row);
    if (inner.has(nodes.label(row)) || cell.value === null || cell.small) continue;
    if (best === null || cell.value > (values.value(best) ?? -Infinity)) best = row;
  }
  return best;
}

function NodeFacts({ frame, row, block }: { frame: Frame; row: number; block: TreeBlock }): ReactElement {
  const t = useWords();
  const skipped = new Set([block.node, block.parent, block.label, 'predicate', 'path']);
  const path = frame.column('path')?.cell(row).text ?? '';
  const predicate = frame.column('predicate')?.cell(row).text ?? null;
  const facts = frame.columns.filter((c) => !skipped.has(c.id) && c.cell(row).value !== null);
  const title = path || (frame.column(block.label)?.label(row) ?? '');
  return (
    <aside className="facts" aria-label={t('node')} aria-live="polite">
      <h4>
        <bdi>{title}</bdi>
      </h4>
      <dl>
        {facts.map((c) => (
          <div key={c.id}>
            <dt>{c.title}</dt>
            <dd dir="ltr">{c.line(row)}</dd>
          </div>
        ))}
      </dl>
      <CohortButton predicate={predicate} label={title} />
    </aside>
  );
}
