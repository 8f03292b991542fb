/** One line for each label: bars, dots with intervals, ranks. */
import type { ReactNode } from 'react';
import type { Axis, Reference } from '../generated/document';
import { whyMissing } from '../document/words';
import type { Column } from '../document/look';
import {
  Label,
  Shape,
  XAxis,
  axisTitle,
  kindOf,
  legend,
  levelOf,
  need,
  r,
  seriesClass,
  seriesOf,
  textWidth,
  type Drawing,
  type Mark,
  type Picture,
} from './parts';
import { scaleOver } from './scale';

/** Labels that are drawn; the rest is in the table. */
const MOST_LABELS = 40;

interface Names {
  label: string;
  value: string;
  series?: string | null;
  axis?: Axis;
  reference?: Reference | null;
}

type Form = 'bars' | 'dots' | 'ranking';

/** Draws rows of bars or dots. */
export function drawRows(picture: Picture, names: Names, form: Form): Drawing {
  const { frame, look, width, t } = picture;
  const [labels, values] = [need(frame, names.label), need(frame, names.value)];
  const series = seriesOf(frame.column(names.series), frame.n);
  const level = levelOf(look, names.reference);
  const { groups, hidden } = grouped(labels, values, frame.n, form === 'ranking');
  const shownSeries = series.names.length;
  const key = legend(series.names, width, form === 'dots' ? 'mark' : 'box');
  const right = width - valueRoom(values, groups, width);
  // Widths are estimates, so that some room is left.
  const longest = 1.05 * Math.max(30, ...groups.map((g) => textWidth(g.name)));
  // Labels that would be cut beside their bars stand above them.
  const isStacked = longest > Math.max(90, width * 0.45);
  // The first number of the axis stands in the middle of its line.
  const left = isStacked ? 24 : longest + 12;
  const each = shownSeries > 1 ? Math.min(16, form === 'dots' ? 15 : 14) : 0;
  const numbers = groups.flatMap((g) => g.rows.flatMap((row) => ends(values, row)));
  if (level !== null) numbers.push(level);
  const scale = scaleOver(numbers, names.axis, left, right, { zero: form !== 'dots', kind: kindOf(values) });
  const top = key.height + 10;
  let y = top;
  const marks: Mark[] = [];
  const parts: ReactNode[] = [];
  for (const group of groups) {
    const above = isStacked ? 18 : 0;
    const height = Math.max(26, group.rows.length * each + 10) + above;
    const middle = y + above + (height - above) / 2;
    parts.push(
      isStacked ? (
        <Label
          key={`l${group.name}`}
          className="lb over-lines"
          x={6}
          y={y + 15}
          text={group.name}
          room={width - 6}
        />
      ) : (
        <Label
          key={`l${group.name}`}
          x={left - 10}
          y={middle + 4}
          anchor="end"
          text={group.name}
          room={left - 12}
        />
      ),
    );
    group.rows.forEach((row, i) => {
      const place = middle + (i - (group.rows.length - 1) / 2) * each;
      const mark = lineOf(
        values,
        row,
        place,
        scale,
        series.at(row),
        form,
        right,
        t('missing_value'),
        group.rows.length === 1,
      );
      parts.push(<g key={row}>{mark.body}</g>);
      const named = shownSeries > 1 ? `${group.name}, ${series.names[series.at(row)] ?? ''}` : group.name;
      marks.push({ x: mark.x, y: place, row, text: `${named}: ${mark.says}` });
    });
    y += height;
  }
  const box = { left, right, top, bottom: y };
  const zero = scale.low <= 0 && scale.high >= 0 ? r(scale.place(0)) : null;
  const body = (
    <>
      {key.body}
      <XAxis box={box} scale={scale} title={axisTitle(names.axis, values)} />
      {zero !== null && <line className="ax" x1={zero} x2={zero} y1={top} y2={y} />}
      {level !== null && (
        <line className="rf" x1={r(scale.place(level))} x2={r(scale.place(level))} y1={top - 4} y2={y + 4} />
      )}
      {parts}
      {hidden > 0 && <Label className="wh" x={left} y={y + 54} text={t('hidden_marks', { n: hidden })} />}
    </>
  );
  return { height: y + 42 + (hidden > 0 ? 20 : 0), body, marks };
}

/** Rows by label, in the order of the table; a ranking begins with the largest. */
function grouped(
  labels: Column,
  values: Column,
  n: number,
  isRanked: boolean,
): { groups: { name: string; rows: number[] }[]; hidden: number } {
  const byName = new Map<string, number[]>();
  for (let row = 0; row < n; row++) {
    const name = labels.label(row);
    const rows = byName.get(name);
    if (rows) rows.push(row);
    else byName.set(name, [row]);
  }
  const groups = [...byName].map(([name, rows]) => ({ name, rows }));
  const size = (rows: number[]): number => Math.abs(values.value(rows[0] ?? 0) ?? -1);
  if (isRanked) groups.sort((a, b) => size(b.rows) - size(a.rows));
  return { groups: groups.slice(0, MOST_LABELS), hidden: Math.max(0, groups.length - MOST_LABELS) };
}

function ends(values: Column, row: number): number[] {
  const cell = values.cell(row);
  return cell.value === null
    ? []
    : cell.interval
      ? [cell.value, cell.interval.low, cell.interval.high]
      : [cell.value];
}

function valueRoom(values: Column, groups: { rows: number[] }[], width: number): number {
  const widths = groups.flatMap((g) =>
    g.rows.map((row) =>
      textWidth(values.value(row) === null ? '' : values.styleAt(row).short(values.value(row) ?? 0)),
    ),
  );
  return Math.min(Math.max(16, ...widths) + 26, width * 0.3);
}

function lineOf(
  values: Column,
  row: number,
  y: number,
  scale: ReturnType<typeof scaleOver>,
  series: number,
  form: Form,
  right: number,
  missing: string,
  isAlone: boolean,
): { body: ReactNode; x: number; says: string } {
  const cell = values.cell(row);
  if (cell.value === null) {
    const x = scale.place(Math.max(scale.low, Math.min(scale.high, 0)));
    const why = cell.missing ? `${missing}: ${whyMissing(cell.missing)}` : missing;
    const body = (
      <>
        <circle className="no" cx={r(x)} cy={r(y)} r={4.5} />
        <Label className="wh" x={right + 8} y={y + 4} text="–" />
      </>
    );
    return { body, x, says: why };
  }
  const x = scale.place(cell.value);
  const zero = scale.place(Math.max(scale.low, Math.min(scale.high, 0)));
  const half = isAlone ? 8 : 5.5;
  const whisker = cell.interval && (
    <path
      className={`iv ${form === 'dots' ? seriesClass(series).split(' ')[0] : 'over'}`}
      d={`M${r(scale.place(cell.interval.low))} ${r(y)}H${r(scale.place(cell.interval.high))}`}
    />
  );
  const small = cell.small ? ' †' : '';
  const colour = form === 'ranking' && cell.value < 0 ? 'k2' : seriesClass(series).split(' ')[0];
  const body = (
    <>
      {form !== 'dots' && (
        <rect
          className={`br ${colour}${cell.small ? ' sm' : ''}`}
          x={r(Math.min(zero, x))}
          y={r(y - half)}
          width={r(Math.max(0.75, Math.abs(x - zero)))}
          height={r(half * 2)}
        />
      )}
      {whisker}
      {form === 'dots' && (
        <Shape
          className={`mk ${seriesClass(series)}${cell.small ? ' hollow' : ''}`}
          x={x}
          y={y}
          size={isAlone ? 4.8 : 4.2}
          series={series}
        />
      )}
      <Label
        className="vl"
        x={right + 10}
        y={y + 4}
        text={`${values.styleAt(row).short(cell.value)}${small}`}
      />
    </>
  );
  const n = cell.estimate ? `, n = ${cell.estimate.n}` : '';
  return { body, x, says: `${values.line(row)}${n}` };
}
