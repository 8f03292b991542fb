/** One renderer for each kind of block. A kind that is not known is shown as its table. */
import type { Block } from '../generated/document';
import { drawBoxes } from './boxes';
import { drawCurve } from './curve';
import { drawDistribution } from './distribution';
import { drawGrid } from './grid';
import { Trouble, type Drawing, type Picture } from './parts';
import { drawRows } from './rows';
import { drawScatter } from './scatter';
import { drawTree } from './tree';
import { drawWaterfall } from './waterfall';

/** True when the block has a picture, and not only words or a table. */
export function isDrawn(block: Block): boolean {
  return block.kind in RENDERERS;
}

type Kind = Exclude<Block['kind'], 'text' | 'table'>;
type Of<K extends Kind> = Extract<Block, { kind: K }>;

const RENDERERS: { [K in Kind]: (picture: Picture, block: Of<K>) => Drawing } = {
  bars: (p, b) => drawRows(p, b, 'bars'),
  dots: (p, b) => drawRows(p, b, 'dots'),
  ranking: (p, b) => drawRows(p, b, 'ranking'),
  curve: drawCurve,
  heat_map: (p, b) => drawGrid(p, { across: b.x, down: b.y, value: b.value, axis: b.axis }),
  matrix: (p, b) => drawGrid(p, { across: b.column, down: b.row, value: b.value }),
  tree: drawTree,
  distribution: drawDistribution,
  boxes: drawBoxes,
  waterfall: drawWaterfall,
  scatter: drawScatter,
};

/** The picture of a block, or why there is none. */
export function draw(picture: Picture, block: Block): Drawing & { wide?: number } {
  const renderer = RENDERERS[block.kind as Kind] as ((p: Picture, b: Block) => Drawing) | undefined;
  if (!renderer) throw new Trouble(`this page does not know pictures of the kind \`${block.kind}\``);
  if (picture.frame.n === 0) throw new Trouble('the table has no rows');
  return renderer(picture, block);
}
