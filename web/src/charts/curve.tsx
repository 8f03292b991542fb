/** Lines through points with bands; lines over unlike axes stand apart in small charts. */
import type { ReactNode } from 'react';
import type { Axis, Reference } from '../generated/document';
import type { Column } from '../document/look';
import {
  Label,
  Shape,
  XAxis,
  YAxis,
  axisTitle,
  kindOf,
  legend,
  levelOf,
  need,
  r,
  seriesClass,
  seriesOf,
  ticksRoom,
  type Drawing,
  type Mark,
  type Picture,
} from './parts';
import { scaleOver } from './scale';

interface Names {
  x: string;
  y: string;
  low?: string | null;
  high?: string | null;
  series?: string | null;
  x_axis?: Axis;
  y_axis?: Axis;
  reference?: Reference | null;
}

interface Point {
  x: number;
  y: number;
  band: [number, number] | null;
  row: number;
}

interface Line {
  name: string;
  index: number;
  points: Point[];
}

const MOST_LINES = 24;
const MOST_FACETS = 12;

/** Draws curves. */
export function drawCurve(picture: Picture, names: Names): Drawing {
  const { frame, width, t } = picture;
  const [x, y] = [need(frame, names.x), need(frame, names.y)];
  const series = seriesOf(frame.column(names.series), frame.n);
  const all: Line[] = series.names.map((name, index) => ({ name, index, points: [] }));
  for (let row = 0; row < frame.n; row++) {
    const point = pointOf(x, y, frame.column(names.low), frame.column(names.high), row);
    if (point) all[series.at(row)]?.points.push(point);
  }
  const isSplit = all.length > 1 && /^(feature|column)$/.test(names.series ?? '');
  if (!isSplit)
    return drawOne(
      picture,
      names,
      all.slice(0, MOST_LINES),
      x,
      y,
      { width, height: Math.max(190, Math.min(320, width * 0.56)) },
      '',
    );
  const shown = all.slice(0, MOST_FACETS);
  const across = Math.max(1, Math.min(3, Math.floor(width / 230)));
  const each = (width - (across - 1) * 24) / across;
  const shared = all.flatMap((line) => line.points.flatMap((p) => [p.y, ...(p.band ?? [])]));
  const parts: ReactNode[] = [];
  const marks: Mark[] = [];
  let [top, tallest] = [0, 0];
  shown.forEach((line, i) => {
    const column = i % across;
    if (column === 0 && i > 0) [top, tallest] = [top + tallest + 18, 0];
    const left = column * (each + 24);
    const drawn = drawOne(
      picture,
      names,
      [{ ...line, index: 0 }],
      x,
      y,
      { width: each, height: 150 },
      line.name,
      shared,
    );
    parts.push(
      <g key={line.name} transform={`translate(${r(left)} ${r(top)})`}>
        {drawn.body}
      </g>,
    );
    marks.push(
      ...drawn.marks.map((m) => ({ ...m, x: m.x + left, y: m.y + top, text: `${line.name}, ${m.text}` })),
    );
    tallest = Math.max(tallest, drawn.height);
  });
  const hidden = all.length - shown.length;
  const height = top + tallest + (hidden > 0 ? 22 : 0);
  const note = hidden > 0 && (
    <Label className="wh" x={0} y={height - 6} text={t('hidden_marks', { n: hidden })} />
  );
  return { height, marks, body: [parts, note] };
}

function pointOf(x: Column, y: Column, low: Column | null, high: Column | null, row: number): Point | null {
  const [a, cell] = [x.value(row), y.cell(row)];
  if (a === null || cell.value === null) return null;
  const [from, to] = [low?.value(row) ?? null, high?.value(row) ?? null];
  const band: [number, number] | null =
    from !== null && to !== null
      ? [from, to]
      : cell.interval
        ? [cell.interval.low, cell.interval.high]
        : null;
  return { x: a, y: cell.value, band, row };
}

function drawOne(
  picture: Picture,
  names: Names,
  lines: Line[],
  x: Column,
  y: Column,
  size: { width: number; height: number },
  heading: string,
  shared?: number[],
): Drawing {
  const level = levelOf(picture.look, names.reference);
  const isDiagonal = names.reference === 'diagonal';
  const key = legend(
    lines.map((l) => l.name),
    size.width,
    'line',
  );
  const top = key.height + (heading ? 40 : 28);
  const points = lines.flatMap((l) => l.points);
  const ys = shared ?? points.flatMap((p) => [p.y, ...(p.band ?? [])]);
  const all = level === null ? ys : [...ys, level];
  const height = isDiagonal ? Math.min(size.width * 0.8, 330) : size.height;
  const bottom = top + height;
  const yScale = scaleOver(all, names.y_axis, bottom, top, { kind: kindOf(y), most: height < 200 ? 4 : 6 });
  const box = { left: ticksRoom(yScale), right: size.width - 10, top, bottom };
  if (isDiagonal) box.right = Math.min(box.right, box.left + height * 1.25);
  const xScale = scaleOver(
    points.map((p) => p.x),
    names.x_axis,
    box.left,
    box.right,
    { kind: kindOf(x), tight: true },
  );
  const place = (p: Point): string => `${r(xScale.place(p.x))} ${r(yScale.place(p.y))}`;
  const isDense = points.length > 40 * lines.length;
  const body = (
    <>
      {key.body}
      {heading && <Label className="st" x={0} y={key.height + 12} text={heading} room={size.width} />}
      <XAxis box={box} scale={xScale} title={heading ? '' : axisTitle(names.x_axis, x)} />
      <YAxis box={box} scale={yScale} title={heading ? '' : axisTitle(names.y_axis, y)} />
      {isDiagonal && (
        <path
          className="rf"
          d={`M${r(xScale.place(Math.max(xScale.low, yScale.low)))} ${r(yScale.place(Math.max(xScale.low, yScale.low)))}L${r(xScale.place(Math.min(xScale.high, yScale.high)))} ${r(yScale.place(Math.min(xScale.high, yScale.high)))}`}
        />
      )}
      {level !== null && (
        <line
          className="rf"
          x1={box.left}
          x2={box.right}
          y1={r(yScale.place(level))}
          y2={r(yScale.place(level))}
        />
      )}
      {lines.length <= 6 &&
        lines.map((l) => {
          const banded = l.points.filter((p) => p.band);
          if (banded.length < 2) return null;
          const upper = banded.map((p) => `${r(xScale.place(p.x))} ${r(yScale.place(p.band?.[1] ?? p.y))}`);
          const lower = banded
            .map((p) => `${r(xScale.place(p.x))} ${r(yScale.place(p.band?.[0] ?? p.y))}`)
            .reverse();
          return (
            <path
              key={`b${l.index}`}
              className={`bd ${seriesClass(l.index)}`}
              d={`M${[...upper, ...lower].join('L')}Z`}
            />
          );
        })}
      {lines.map((l) => (
        <path
          key={`l${l.index}`}
          className={`ln ${seriesClass(l.index)}`}
          d={l.points.length > 0 ? `M${l.points.map(place).join('L')}` : 'M0 0'}
        />
      ))}
      {!isDense &&
        !heading &&
        lines.map((l) =>
          l.points.map((p) => (
            <Shape
              key={p.row}
              className={`mk ${seriesClass(l.index)}`}
              x={xScale.place(p.x)}
              y={yScale.place(p.y)}
              size={2.8}
              series={l.index}
            />
          )),
        )}
    </>
  );
  const marks = lines.flatMap((l) =>
    l.points.map((p) => ({
      x: xScale.place(p.x),
      y: yScale.place(p.y),
      row: p.row,
      text: `${l.name && !heading ? `${l.name}, ` : ''}${x.title} ${x.style.full(p.x)}: ${y.style.full(p.y)}${p.band ? ` [${y.style.bare(p.band[0])}, ${y.style.bare(p.band[1])}]` : ''}`,
    })),
  );
  return { height: bottom + (heading ? 24 : 44), body, marks };
}
