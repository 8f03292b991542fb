/** What all charts are made of: drawings with marks, axes, legends, shapes. */
import type { ReactElement, ReactNode } from 'react';
import type { Axis, Reference } from '../generated/document';
import type { Kind } from '../document/format';
import type { Column, Frame, Look } from '../document/look';
import type { Translate } from '../i18n';
import type { Scale } from './scale';

/** A place in a drawing that can be pointed at, and what is said there. */
export interface Mark {
  x: number;
  y: number;
  text: string;
  row: number;
}

/** A drawing of some height. */
export interface Drawing {
  height: number;
  body: ReactNode;
  marks: Mark[];
}

/** What a renderer draws from. */
export interface Picture {
  look: Look;
  frame: Frame;
  width: number;
  t: Translate;
}

/** A block that cannot be drawn, and why. */
export class Trouble extends Error {}

/** The column of a block, which must be there. */
export function need(frame: Frame, id: string): Column {
  const column = frame.column(id);
  if (!column) throw new Trouble(`the table \`${frame.table.id}\` has no column \`${id}\``);
  return column;
}

/** Where a line to compare with stands. */
export function levelOf(look: Look, reference: Reference | null | undefined): number | null {
  if (!reference || typeof reference === 'string') return null;
  if ('at' in reference) return typeof reference.at === 'number' ? reference.at : null;
  if ('estimate' in reference) return look.estimate(reference.estimate)?.value ?? null;
  return null;
}

export const FONT = 12;

/** About how wide a text is in pixels at the size of charts. */
export function textWidth(text: string, size = FONT): number {
  let width = 0;
  for (const c of text.slice(0, 400)) {
    if ("ijltfr.,:;!|' []()".includes(c)) width += 0.31;
    else if ('mwMW%@'.includes(c)) width += 0.88;
    else if (c >= 'A' && c <= 'Z') width += 0.67;
    else if (c.charCodeAt(0) < 128) width += 0.56;
    else width += c.charCodeAt(0) > 0x2e80 ? 1.05 : 0.62;
  }
  return width * size;
}

/** A text cut to a width, with `…` where it was cut. */
export function shortened(text: string, room: number, size = FONT): string {
  if (textWidth(text, size) <= room && text.length <= 400) return text;
  let out = '';
  let used = textWidth('…', size) + 2;
  for (const c of text) {
    used += textWidth(c, size);
    if (used > room) break;
    out += c;
  }
  return `${out.trimEnd()}…`;
}

interface LabelProps {
  x: number;
  y: number;
  text: string;
  room?: number;
  anchor?: 'start' | 'middle' | 'end';
  className?: string;
  turn?: number;
}

/** A text, cut to its room; the whole of it shows when pointed at. */
export function Label({
  x,
  y,
  text,
  room = Infinity,
  anchor = 'start',
  className = 'lb',
  turn,
}: LabelProps): ReactElement {
  const shown = room === Infinity ? text : shortened(text, room, className === 'tk' ? 11 : FONT);
  return (
    <text
      className={className}
      x={r(x)}
      y={r(y)}
      textAnchor={anchor}
      transform={turn === undefined ? undefined : `rotate(${turn} ${r(x)} ${r(y)})`}
    >
      {shown}
      {shown !== text && <title>{text}</title>}
    </text>
  );
}

/** A coordinate with at most two decimals. */
export const r = (x: number): number => (Number.isFinite(x) ? Math.round(x * 100) / 100 : 0);

const SHAPES = [
  null,
  'M-.9-.9H.9V.9H-.9Z',
  'M0-1.15L1.1.9H-1.1Z',
  'M0-1.3L1.3 0L0 1.3L-1.3 0Z',
  'M-.4-1.2H.4V-.4H1.2V.4H.4V1.2H-.4V.4H-1.2V-.4H-.4Z',
  'M0 1.15L1.1-.9H-1.1Z',
];

/** A mark in the shape of its series. */
export function Shape({
  x,
  y,
  size,
  series,
  className,
}: {
  x: number;
  y: number;
  size: number;
  series: number;
  className: string;
}): ReactElement {
  const shape = SHAPES[series % SHAPES.length];
  return shape ? (
    <path className={className} d={shape} transform={`translate(${r(x)} ${r(y)}) scale(${size})`} />
  ) : (
    <circle className={className} cx={r(x)} cy={r(y)} r={size} />
  );
}

/** The classes of a series: colour and dash. */
export const seriesClass = (index: number): string => `k${(index % 6) + 1} d${(index % 5) + 1}`;

/** Names of series in the order in which they come. */
export interface Series {
  names: string[];
  at: (row: number) => number;
}

/** The series of a column; one nameless series without a column. */
export function seriesOf(column: Column | null, n: number): Series {
  if (!column) return { names: [''], at: () => 0 };
  const places = new Map<string, number>();
  const rows: number[] = [];
  for (let row = 0; row < n; row++) {
    const name = column.label(row);
    const place = places.get(name) ?? places.size;
    places.set(name, place);
    rows.push(place);
  }
  return { names: [...places.keys()], at: (row) => rows[row] ?? 0 };
}

/** A legend over the width of a drawing. */
export function legend(
  names: string[],
  width: number,
  kind: 'line' | 'mark' | 'box',
): { height: number; body: ReactNode } {
  if (names.length <= 1) return { height: 0, body: null };
  const most = 24;
  let [x, y] = [0, 12];
  const items = names.slice(0, most).map((name, i) => {
    const room = Math.min(textWidth(name), Math.max(60, width - 60));
    if (x > 0 && x + room + 40 > width) [x, y] = [0, y + 20];
    const at = x;
    x += room + 46;
    return (
      <g key={name}>
        {kind !== 'box' && (
          <line className={`ln ${seriesClass(i)}`} x1={at} x2={at + 20} y1={y - 4} y2={y - 4} />
        )}
        {kind === 'mark' && (
          <Shape className={`mk ${seriesClass(i)}`} x={at + 10} y={y - 4} size={4} series={i} />
        )}
        {kind === 'box' && (
          <rect className={`br ${seriesClass(i)}`} x={at + 4} y={y - 10} width={12} height={12} />
        )}
        <Label x={at + 26} y={y} text={name} room={room + 2} />
      </g>
    );
  });
  return { height: y + 14, body: <g>{items}</g> };
}

interface Box {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

/** The horizontal axis: grid lines, numbers, title. */
export function XAxis({ box, scale, title }: { box: Box; scale: Scale; title: string }): ReactElement {
  const shown = spaced(scale.ticks, scale);
  return (
    <g>
      {scale.ticks.map(({ at }) => (
        <line
          key={at}
          className="gr"
          x1={r(scale.place(at))}
          x2={r(scale.place(at))}
          y1={box.top}
          y2={box.bottom}
        />
      ))}
      {shown.map(({ at, text }) => (
        <Label key={at} className="tk" x={scale.place(at)} y={box.bottom + 16} anchor="middle" text={text} />
      ))}
      {title && (
        <Label
          className="at"
          x={(box.left + box.right) / 2}
          y={box.bottom + 34}
          anchor="middle"
          text={title}
          room={Math.max(120, box.right - box.left)}
        />
      )}
    </g>
  );
}

/** Ticks whose texts do not touch. */
function spaced(ticks: Scale['ticks'], scale: Scale): Scale['ticks'] {
  let end = -Infinity;
  return ticks.filter(({ at, text }) => {
    const half = textWidth(text, 11) / 2;
    const middle = scale.place(at);
    if (middle - half < end + 6) return false;
    end = middle + half;
    return true;
  });
}

/** The vertical axis: grid lines and numbers, its title on top. */
export function YAxis({ box, scale, title }: { box: Box; scale: Scale; title: string }): ReactElement {
  return (
    <g>
      {scale.ticks.map(({ at, text }) => (
        <g key={at}>
          <line className="gr" x1={box.left} x2={box.right} y1={r(scale.place(at))} y2={r(scale.place(at))} />
          <Label className="tk" x={box.left - 8} y={scale.place(at) + 4} anchor="end" text={text} />
        </g>
      ))}
      {title && <Label className="at" x={0} y={box.top - 12} text={title} room={box.right} />}
    </g>
  );
}

/** The width that the numbers of a vertical axis need. */
export const ticksRoom = (scale: Scale): number =>
  Math.max(24, ...scale.ticks.map(({ text }) => textWidth(text, 11))) + 12;

/** The title of an axis: its own, or the column's. */
export function axisTitle(axis: Axis | undefined, column: Column): string {
  const title = axis?.title || column.title;
  const { kind } = column.style;
  return kind.sign === 'named' && !title.includes(kind.name) ? `${title} (${kind.name})` : title;
}

/** The kind of the numbers on an axis. */
export const kindOf = (column: Column): Kind => column.style.kind;

/** The pattern that stands for missing values. */
export function Hatch({ id }: { id: string }): ReactElement {
  return (
    <defs>
      <pattern id={id} width={6} height={6} patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
        <line className="ht" x1={0} x2={0} y1={0} y2={6} />
      </pattern>
    </defs>
  );
}
