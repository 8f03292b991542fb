/** Points; where they would cover each other, their density. */
import type { ReactNode } from 'react';
import type { Axis } from '../generated/document';
import type { Column, Frame } from '../document/look';
import {
  Label,
  XAxis,
  YAxis,
  axisTitle,
  kindOf,
  need,
  r,
  textWidth,
  ticksRoom,
  type Drawing,
  type Mark,
  type Picture,
} from './parts';
import { scaleOver, type Scale } from './scale';

interface Names {
  x: string;
  y: string;
  colour?: string | null;
  x_axis?: Axis;
  y_axis?: Axis;
}

const MOST_POINTS = 3000;
const SHADES = 5;

/** Draws points. A vertical column of places has the names that stand beside it in the table (a swarm). */
export function drawScatter(picture: Picture, names: Names): Drawing {
  const { frame, width } = picture;
  const [x, y] = [need(frame, names.x), need(frame, names.y)];
  const colour = frame.column(names.colour);
  const lanes = lanesOf(frame, y, names.y);
  const points: { row: number; x: number; y: number }[] = [];
  for (let row = 0; row < frame.n; row++) {
    const [a, b] = [x.value(row), y.value(row)];
    if (a !== null && b !== null) points.push({ row, x: a, y: b });
  }
  const top = colour ? 52 : 28;
  const bottom = top + (lanes ? lanes.size * 30 : Math.max(180, Math.min(360, width * 0.6)));
  const ys = lanes
    ? [Math.min(...lanes.keys()) - 0.5, Math.max(...lanes.keys()) + 0.5]
    : points.map((p) => p.y);
  const yScale = scaleOver(ys, names.y_axis, bottom, top, { kind: kindOf(y), tight: lanes !== null });
  const laneRoom = lanes
    ? Math.min(Math.max(...[...lanes.values()].map((l) => textWidth(l))), width * 0.34) + 12
    : 0;
  const box = { left: lanes ? laneRoom : ticksRoom(yScale), right: width - 12, top, bottom };
  const xScale = scaleOver(
    points.map((p) => p.x),
    names.x_axis,
    box.left,
    box.right,
    { kind: kindOf(x) },
  );
  const tints = tintsOf(colour, frame.n);
  const offsets = lanes ? swarmed(points, xScale) : null;
  const placed = points.map((p) => ({
    ...p,
    px: xScale.place(p.x),
    py: yScale.place(p.y) + (offsets?.get(p.row) ?? 0),
  }));
  const isDense = points.length > MOST_POINTS;
  const marks: Mark[] = placed.slice(0, MOST_POINTS).map((p) => ({
    x: p.px,
    y: p.py,
    row: p.row,
    text: `${lanes?.get(p.y) ?? `${y.title} ${y.style.full(p.y)}`}, ${x.title} ${x.style.full(p.x)}${colour ? `, ${colour.title} ${colour.label(p.row)}` : ''}`,
  }));
  const body = (
    <>
      {colour && <ColourKey column={colour} width={width} />}
      <XAxis box={box} scale={xScale} title={axisTitle(names.x_axis, x)} />
      {lanes
        ? [...lanes].map(([at, name]) => (
            <g key={at}>
              <line
                className="gr"
                x1={box.left}
                x2={box.right}
                y1={r(yScale.place(at))}
                y2={r(yScale.place(at))}
              />
              <Label
                x={box.left - 10}
                y={yScale.place(at) + 4}
                anchor="end"
                text={name}
                room={laneRoom - 12}
              />
            </g>
          ))
        : [<YAxis key="y" box={box} scale={yScale} title={axisTitle(names.y_axis, y)} />]}
      {xScale.low < 0 && xScale.high > 0 && (
        <line className="ax" x1={r(xScale.place(0))} x2={r(xScale.place(0))} y1={top} y2={bottom} />
      )}
      {isDense
        ? density(placed)
        : placed.map((p) => (
            <circle key={p.row} className={`pt ${tints(p.row)}`} cx={r(p.px)} cy={r(p.py)} r={3} />
          ))}
    </>
  );
  return { height: bottom + 44, body, marks };
}

/** Names of whole-numbered places where a text column tells one name for each. */
function lanesOf(frame: Frame, y: Column, id: string): Map<number, string> | null {
  const names = frame.columns.find((c) => c.raw.type === 'text');
  if (!names || id !== 'place') return null;
  const lanes = new Map<number, string>();
  for (let row = 0; row < frame.n; row++) {
    const at = y.value(row);
    if (at === null || !Number.isInteger(at)) return null;
    const known = lanes.get(at);
    if (known !== undefined && known !== names.label(row)) return null;
    lanes.set(at, names.label(row));
  }
  return lanes.size > 0 && lanes.size <= 40 ? lanes : null;
}

/** Vertical shifts that keep points of one lane apart. */
function swarmed(points: { row: number; x: number; y: number }[], scale: Scale): Map<number, number> {
  const offsets = new Map<number, number>();
  const used = new Map<string, number>();
  for (const p of points) {
    const bin = `${p.y} ${Math.round(scale.place(p.x) / 5)}`;
    const n = used.get(bin) ?? 0;
    used.set(bin, n + 1);
    const step = Math.ceil(n / 2) * 4 * (n % 2 === 0 ? 1 : -1);
    offsets.set(p.row, Math.max(-13, Math.min(13, step)));
  }
  return offsets;
}

function tintsOf(colour: Column | null, n: number): (row: number) => string {
  if (!colour) return () => 'k1';
  if (!colour.isNumeric) {
    const names = new Map<string, number>();
    return (row) => {
      const name = colour.label(row);
      if (!names.has(name)) names.set(name, names.size);
      return `k${((names.get(name) ?? 0) % 6) + 1}`;
    };
  }
  const values = Array.from({ length: n }, (_, row) => colour.value(row)).filter((v) => v !== null);
  const [low, high] = [
    values.reduce((a, b) => Math.min(a, b), Infinity),
    values.reduce((a, b) => Math.max(a, b), -Infinity),
  ];
  return (row) => {
    const value = colour.value(row);
    if (value === null) return 'g0';
    return `g${1 + Math.min(SHADES - 1, Math.floor(((value - low) / (high - low || 1)) * SHADES))}`;
  };
}

function ColourKey({ column, width }: { column: Column; width: number }): ReactNode {
  if (!column.isNumeric) return null;
  return (
    <g>
      <Label className="tk" x={0} y={12} text={column.title} room={width - 90} />
      {Array.from({ length: SHADES }, (_, i) => (
        <circle key={i} className={`pt g${i + 1}`} cx={6 + i * 14} cy={26} r={5} />
      ))}
    </g>
  );
}

function density(points: { px: number; py: number }[]): ReactNode {
  const cells = new Map<string, number>();
  for (const p of points) {
    const key = `${Math.floor(p.px / 8)} ${Math.floor(p.py / 8)}`;
    cells.set(key, (cells.get(key) ?? 0) + 1);
  }
  const most = Math.max(...cells.values());
  return [...cells].map(([key, n]) => {
    const [i = 0, j = 0] = key.split(' ').map(Number);
    return (
      <rect
        key={key}
        className="cell pos"
        style={{ fillOpacity: 0.1 + 0.9 * Math.sqrt(n / most) }}
        x={i * 8}
        y={j * 8}
        width={8}
        height={8}
      />
    );
  });
}
