/** Histograms. */
import type { ReactNode } from 'react';
import type { Axis } from '../generated/document';
import {
  XAxis,
  YAxis,
  axisTitle,
  kindOf,
  legend,
  need,
  r,
  seriesClass,
  seriesOf,
  ticksRoom,
  type Drawing,
  type Picture,
} from './parts';
import { scaleOver } from './scale';

interface BinNames {
  low: string;
  high: string;
  value: string;
  series?: string | null;
  axis?: Axis;
}

/** Draws histograms as outlines over each other. */
export function drawDistribution(picture: Picture, names: BinNames): Drawing {
  const { frame, width } = picture;
  const [low, high, value] = [need(frame, names.low), need(frame, names.high), need(frame, names.value)];
  const series = seriesOf(frame.column(names.series), frame.n);
  const bins = Array.from({ length: frame.n }, (_, row) => ({
    row,
    low: low.value(row),
    high: high.value(row),
    value: value.value(row),
  })).flatMap((b) =>
    b.low === null || b.high === null || b.value === null
      ? []
      : [{ row: b.row, low: b.low, high: b.high, value: b.value }],
  );
  const key = legend(series.names.slice(0, 12), width, 'line');
  const top = key.height + 28;
  const bottom = top + Math.max(150, Math.min(250, width * 0.4));
  const y = scaleOver(
    bins.map((b) => b.value),
    undefined,
    bottom,
    top,
    { zero: true, kind: kindOf(value) },
  );
  const box = { left: ticksRoom(y), right: width - 10, top, bottom };
  const x = scaleOver(
    bins.flatMap((b) => [b.low, b.high]),
    names.axis,
    box.left,
    box.right,
    { kind: kindOf(low), tight: true },
  );
  const outlines: ReactNode[] = [];
  series.names.slice(0, 12).forEach((name, i) => {
    const own = bins.filter((b) => series.at(b.row) === i);
    const first = own[0];
    if (!first) return;
    const steps = own.map((b) => `V${r(y.place(b.value))}H${r(x.place(b.high))}`).join('');
    const path = `M${r(x.place(first.low))} ${r(y.place(0))}${steps}V${r(y.place(0))}`;
    if (i === 0 || series.names.length <= 2)
      outlines.push(<path key={`f${name}`} className={`bd ${seriesClass(i)}`} d={`${path}Z`} />);
    outlines.push(<path key={name} className={`ln ${seriesClass(i)}`} d={path} />);
  });
  const marks = bins.map((b) => ({
    x: x.place((b.low + b.high) / 2),
    y: y.place(b.value),
    row: b.row,
    text: `${series.names.length > 1 ? `${series.names[series.at(b.row)] ?? ''}, ` : ''}${low.style.full(b.low)} – ${high.style.full(b.high)}: ${value.line(b.row)}`,
  }));
  const body = (
    <>
      {key.body}
      <YAxis box={box} scale={y} title={value.title} />
      <XAxis box={box} scale={x} title={axisTitle(names.axis, low)} />
      {outlines}
      <line className="ax" x1={box.left} x2={box.right} y1={bottom} y2={bottom} />
    </>
  );
  return { height: bottom + 44, body, marks };
}
