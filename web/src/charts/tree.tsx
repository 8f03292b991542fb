/** Nodes with parents: the number and its colour in each, links as wide as the node's share. */
import type { ReactNode } from 'react';
import type { Column } from '../document/look';
import { Label, need, r, type Drawing, type Mark, type Picture } from './parts';

interface Names {
  node: string;
  parent: string;
  label: string;
  value: string;
  weight: string;
  more?: string[];
}

/** A node with its place in levels and lines. */
export interface Placed {
  row: number;
  level: number;
  line: number;
  parent: Placed | null;
}

const NODE_HEIGHT = 62;
const GAP_HEIGHT = 14;

/** Places of nodes: a leaf takes a line, a parent stands in the middle of its children. */
export function placedNodes(nodes: Column, parents: Column, n: number): Placed[] {
  const byId = new Map<string, number>();
  for (let row = 0; row < n; row++) byId.set(nodes.label(row), row);
  const children = new Map<number, number[]>();
  const roots: number[] = [];
  for (let row = 0; row < n; row++) {
    const cell = parents.cell(row);
    const parent = cell.text === null && cell.value === null ? undefined : byId.get(parents.label(row));
    if (parent === undefined || parent === row) roots.push(row);
    else children.set(parent, [...(children.get(parent) ?? []), row]);
  }
  const placed: Placed[] = [];
  const seen = new Set<number>();
  let lines = 0;
  const place = (row: number, level: number, parent: Placed | null): Placed | null => {
    if (seen.has(row) || level > 60) return null;
    seen.add(row);
    const own: Placed = { row, level, line: 0, parent };
    const below = (children.get(row) ?? []).flatMap((child) => place(child, level + 1, own) ?? []);
    own.line = below.length > 0 ? ((below[0]?.line ?? 0) + (below.at(-1)?.line ?? 0)) / 2 : lines++;
    placed.push(own);
    return own;
  };
  for (const root of roots) place(root, 0, null);
  return placed.sort((a, b) => a.level - b.level || a.line - b.line);
}

/** Draws a tree from left to right. It may be wider than its room, which then scrolls. */
export function drawTree(
  picture: Picture,
  names: Names,
  selected: number | null = null,
): Drawing & { wide: number } {
  const { frame } = picture;
  const [labels, values, weights] = [
    need(frame, names.label),
    need(frame, names.value),
    need(frame, names.weight),
  ];
  const placed = placedNodes(need(frame, names.node), need(frame, names.parent), frame.n);
  const coverage = (names.more ?? []).map((id) => frame.column(id)).find((c) => c?.id === 'coverage') ?? null;
  // In a policy a leaf says what is done there; the number is what that is worth.
  const actions = (names.more ?? []).includes('action') ? frame.column('action') : null;
  const numbers = placed.map((p) => values.value(p.row)).filter((v) => v !== null);
  const [low, high] = [Math.min(0, ...numbers), Math.max(0, ...numbers)];
  const heaviest = Math.max(1e-9, ...placed.map((p) => shareOf(p.row, coverage, weights) ?? 0));
  const levels = Math.max(0, ...placed.map((p) => p.level)) + 1;
  const gap = Math.max(24, Math.min(56, (picture.width / levels) * 0.2));
  const node = {
    width: Math.max(
      actions ? 190 : 124,
      Math.min(actions ? 290 : 210, (picture.width - 6 - gap * (levels - 1)) / levels),
    ),
    height: NODE_HEIGHT,
  };
  const room = { x: gap, y: GAP_HEIGHT };
  const left = (p: Placed): number => p.level * (node.width + room.x) + 2;
  const top = (p: Placed): number => p.line * (node.height + room.y) + 4;
  const marks: Mark[] = [];
  const links: ReactNode[] = [];
  const nodes: ReactNode[] = placed.map((p) => {
    const { row } = p;
    const [x, y] = [left(p), top(p)];
    const share = shareOf(row, coverage, weights);
    if (p.parent) {
      const half = Math.max(0.75, ((share ?? 0) / heaviest) * 12);
      const [x1, y1] = [left(p.parent) + node.width, top(p.parent) + node.height / 2];
      const [x2, y2] = [x, y + node.height / 2];
      const m = (x1 + x2) / 2;
      links.push(
        <path
          key={`k${row}`}
          className="tl"
          d={`M${r(x1)} ${r(y1 - half)}C${r(m)} ${r(y1 - half)} ${r(m)} ${r(y2 - half)} ${r(x2)} ${r(y2 - half)}V${r(y2 + half)}C${r(m)} ${r(y2 + half)} ${r(m)} ${r(y1 + half)} ${r(x1)} ${r(y1 + half)}Z`}
        />,
      );
    }
    const cell = values.cell(row);
    const strength = cell.value === null || high <= low ? 0 : (cell.value - low) / (high - low);
    const text = cell.value === null ? '–' : `${values.style.short(cell.value)}${cell.small ? ' †' : ''}`;
    const action = actions?.cell(row).text ?? '';
    const rule = action ? labels.label(row).replace(`: ${action}`, '') : labels.label(row);
    const worth = actions && cell.value !== null ? `${values.title} ${text} · ` : '';
    const second = `${worth}n ${weights.label(row)}${coverage && share !== null ? ` · ${coverage.style.full(share)}` : ''}`;
    marks.push({
      x: x + node.width / 2,
      y: y + node.height / 2,
      row,
      text: `${labels.label(row)}: ${values.title} ${values.line(row)}, ${weights.title} ${weights.label(row)}${coverage ? `, ${coverage.title} ${coverage.label(row)}` : ''}`,
    });
    return (
      <g key={row} className={row === selected ? 'node on' : 'node'} data-row={row}>
        <rect className="nd" x={x} y={y} width={node.width} height={node.height} rx={4} />
        <rect
          className="heat"
          style={{ fillOpacity: 0.05 + 0.42 * strength }}
          x={x}
          y={y}
          width={node.width}
          height={node.height}
          rx={4}
        />
        <rect
          className="heat"
          x={x}
          y={y + node.height - 5}
          width={r(node.width * Math.max(0.01, strength))}
          height={5}
        />
        <Label className="lb" x={x + 10} y={y + 17} text={rule} room={node.width - 18} />
        {!actions && <Label className="big" x={x + 10} y={y + 38} text={text} />}
        {action && (
          <Label className="lb do" x={x + 10} y={y + 36} text={`→ ${action}`} room={node.width - 18} />
        )}
        <Label className="tk" x={x + 10} y={y + 52} text={second} room={node.width - 18} />
      </g>
    );
  });
  const height = (Math.max(0, ...placed.map((p) => p.line)) + 1) * (node.height + room.y) + 8;
  const wide = Math.floor(levels * (node.width + room.x) - room.x + 5);
  return { height, wide, marks, body: [...links, ...nodes] };
}

function shareOf(row: number, coverage: Column | null, weights: Column): number | null {
  return coverage ? coverage.value(row) : weights.value(row);
}
