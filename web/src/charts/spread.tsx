/** Histograms and box plots. */
import type { ReactNode } from 'react';
import type { Axis } from '../generated/document';
import {
  Label,
  XAxis,
  YAxis,
  axisTitle,
  kindOf,
  legend,
  need,
  r,
  seriesClass,
  seriesOf,
  textWidth,
  ticksRoom,
  type Drawing,
  type Mark,
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

interface BoxNames {
  label: string;
  low: string;
  q1: string;
  median: string;
  q3: string;
  high: string;
  outliers?: string | null;
  panel?: string | null;
  axis?: Axis;
}

const MOST_BOXES = 80;

/** Draws box plots; each panel has an axis of its own. */
export function drawBoxes(picture: Picture, names: BoxNames): Drawing {
  const { frame, width, t } = picture;
  const label = need(frame, names.label);
  const [low, q1, median, q3, high] = [names.low, names.q1, names.median, names.q3, names.high].map((id) =>
    need(frame, id),
  ) as [
    ReturnType<typeof need>,
    ReturnType<typeof need>,
    ReturnType<typeof need>,
    ReturnType<typeof need>,
    ReturnType<typeof need>,
  ];
  const panels = seriesOf(frame.column(names.panel), frame.n);
  const n = Math.min(frame.n, MOST_BOXES);
  const rows = Array.from({ length: n }, (_, row) => row);
  const left =
    Math.min(Math.max(40, ...rows.map((row) => textWidth(label.label(row)))), Math.max(90, width * 0.3)) + 12;
  const right = width - 14;
  const marks: Mark[] = [];
  const parts: ReactNode[] = [];
  let y = 4;
  panels.names.forEach((name, panel) => {
    const own = rows.filter((row) => panels.at(row) === panel);
    if (own.length === 0) return;
    if (name) parts.push(<Label key={`n${name}`} className="st" x={0} y={y + 14} text={name} room={width} />);
    const top = y + (name ? 24 : 4);
    const numbers = own.flatMap((row) => [low, q1, median, q3, high].flatMap((c) => c.value(row) ?? []));
    const x = scaleOver(numbers, names.panel ? undefined : names.axis, left, right, { kind: kindOf(median) });
    const bottom = top + own.length * 24;
    parts.push(
      <XAxis
        key={`x${name}`}
        box={{ left, right, top, bottom }}
        scale={x}
        title={names.panel ? '' : axisTitle(names.axis, median)}
      />,
    );
    own.forEach((row, i) => {
      const middle = top + i * 24 + 12;
      const at = [low, q1, median, q3, high].map((c) => c.value(row));
      parts.push(
        <Label
          key={`l${row}`}
          x={left - 10}
          y={middle + 4}
          anchor="end"
          text={label.label(row)}
          room={left - 12}
        />,
      );
      const [a, b, m, c, d] = at.map((v) => (v === null ? null : r(x.place(v))));
      const says = at.some((v) => v === null)
        ? t('missing_value')
        : `${low.style.full(at[0] ?? 0)}, ${q1.style.full(at[1] ?? 0)}, ${median.style.full(at[2] ?? 0)}, ${q3.style.full(at[3] ?? 0)}, ${high.style.full(at[4] ?? 0)}`;
      marks.push({
        x: m ?? left,
        y: middle,
        row,
        text: `${name ? `${name}, ` : ''}${label.label(row)}: ${says}`,
      });
      if (m === null || m === undefined) return;
      parts.push(
        <g key={row}>
          {a !== null && d !== null && (
            <path className="iv k1" d={`M${a} ${middle}H${d}M${a} ${middle - 4}v8M${d} ${middle - 4}v8`} />
          )}
          {b !== null && c !== null && b !== undefined && c !== undefined && (
            <rect className="bx" x={b} y={middle - 7} width={Math.max(1, c - b)} height={14} />
          )}
          <line className="md" x1={m} x2={m} y1={middle - 7} y2={middle + 7} />
        </g>,
      );
    });
    y = bottom + (names.panel ? 28 : 44);
  });
  const hidden = frame.n - n;
  if (hidden > 0)
    parts.push(
      <Label key="hidden" className="wh" x={left} y={y + 10} text={t('hidden_marks', { n: hidden })} />,
    );
  return { height: y + (hidden > 0 ? 18 : 0), body: parts, marks };
}
