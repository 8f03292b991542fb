/** Box plots; each panel has an axis of its own, and panels stand beside each other where there is room. */
import type { ReactNode } from 'react';
import type { Axis } from '../generated/document';
import { fitting, type Style } from '../document/format';
import type { Column } from '../document/look';
import {
  Label,
  XAxis,
  axisTitle,
  kindOf,
  need,
  r,
  seriesOf,
  textWidth,
  type Drawing,
  type Mark,
  type Picture,
} from './parts';
import { scaleOver } from './scale';

interface Names {
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

/** The five numbers of a row, from the lower to the upper whisker. */
type Five = (number | null)[];

interface Panel {
  name: string;
  rows: { row: number; label: string; five: Five }[];
}

const MOST_BOXES = 160;
const LINE = 24;
const GAP = 28;

/** Draws box plots. */
export function drawBoxes(picture: Picture, names: Names): Drawing {
  const { frame, width, t } = picture;
  const label = need(frame, names.label);
  const columns = [names.low, names.q1, names.median, names.q3, names.high].map((id) => need(frame, id));
  const median = need(frame, names.median);
  const series = seriesOf(frame.column(names.panel), frame.n);
  const n = Math.min(frame.n, MOST_BOXES);
  const panels: Panel[] = series.names.map((name) => ({ name, rows: [] }));
  for (let row = 0; row < n; row++)
    panels[series.at(row)]?.rows.push({
      row,
      label: label.label(row),
      five: columns.map((c) => c.value(row)),
    });
  const shown = panels.filter((panel) => panel.rows.length > 0);
  const across = shown.length > 3 ? Math.max(1, Math.min(3, Math.floor(width / 420))) : 1;
  const each = (width - (across - 1) * GAP) / across;
  const labels = shown.flatMap((panel) => panel.rows.map((x) => textWidth(x.label)));
  const left = Math.min(Math.max(40, ...labels), Math.max(90, each * 0.3)) + 12;
  const title = names.panel ? '' : axisTitle(names.axis, median);
  const marks: Mark[] = [];
  const parts: ReactNode[] = [];
  let [top, tallest] = [4, 0];
  shown.forEach((panel, i) => {
    if (i % across === 0) [top, tallest] = [top + tallest, 0];
    const shift = (i % across) * (each + GAP);
    const drawn = drawPanel(
      panel,
      { left, right: each - 14, top },
      median,
      names.panel ? undefined : names.axis,
      title,
      t('missing_value'),
    );
    parts.push(
      <g key={panel.name} transform={`translate(${r(shift)} 0)`}>
        {drawn.body}
      </g>,
    );
    marks.push(...drawn.marks.map((m) => ({ ...m, x: m.x + shift })));
    tallest = Math.max(tallest, drawn.height);
  });
  const height = top + tallest;
  const hidden = frame.n - n;
  if (hidden > 0)
    parts.push(
      <Label key="hidden" className="wh" x={0} y={height + 10} text={t('hidden_marks', { n: hidden })} />,
    );
  return { height: height + (hidden > 0 ? 18 : 0), body: parts, marks };
}

function drawPanel(
  panel: Panel,
  room: { left: number; right: number; top: number },
  median: Column,
  axis: Axis | undefined,
  title: string,
  missing: string,
): Drawing {
  const numbers = panel.rows.flatMap((x) => x.five.filter((v) => v !== null));
  const style: Style = fitting(
    kindOf(median),
    numbers.map((v) => [v, null]),
  );
  const x = scaleOver(numbers, axis, room.left, room.right, { kind: kindOf(median) });
  const top = room.top + (panel.name ? 24 : 4);
  const bottom = top + panel.rows.length * LINE;
  const marks: Mark[] = [];
  const body = (
    <>
      {panel.name && <Label className="st" x={0} y={room.top + 14} text={panel.name} room={room.right} />}
      <XAxis box={{ left: room.left, right: room.right, top, bottom }} scale={x} title={title} />
      {panel.rows.map(({ row, label, five }, i) => {
        const y = top + i * LINE + LINE / 2;
        const isWhole = five.every((v) => v !== null);
        const [a = 0, b = 0, m = 0, c = 0, d = 0] = five.map((v) => r(x.place(v ?? x.low)));
        const says = isWhole ? five.map((v) => style.full(v ?? 0)).join(', ') : missing;
        marks.push({
          x: isWhole ? m : room.left,
          y,
          row,
          text: `${panel.name ? `${panel.name}, ` : ''}${label}: ${says}`,
        });
        return (
          <g key={row}>
            <Label x={room.left - 10} y={y + 4} anchor="end" text={label} room={room.left - 12} />
            {isWhole ? (
              <>
                <path className="iv k1" d={`M${a} ${y}H${d}M${a} ${y - 4}v8M${d} ${y - 4}v8`} />
                <rect className="bx" x={b} y={y - 7} width={Math.max(1, c - b)} height={14} />
                <line className="md" x1={m} x2={m} y1={y - 7} y2={y + 7} />
              </>
            ) : (
              <Label className="wh" x={room.left + 4} y={y + 4} text="–" />
            )}
          </g>
        );
      })}
    </>
  );
  return { height: bottom - room.top + (title ? 44 : 28), body, marks };
}
