/** What a model would say along a feature: thin lines of single rows under the bold line of their mean. */
import type { Axis } from '../generated/document';
import type { Frame } from '../document/look';
import {
  Label,
  Shape,
  XAxis,
  YAxis,
  axisTitle,
  kindOf,
  need,
  r,
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
  x_axis?: Axis;
  y_axis?: Axis;
}

interface Behind {
  frame: Frame;
  x: string;
  y: string;
  /** The column whose values tell lines apart. */
  line: string;
}

/** Where on the bold line the row at hand stands. */
interface Here {
  x: number;
  name: string;
}

/** Draws the bold line of a picture over the thin lines of another frame. */
export function drawLines(
  picture: Picture,
  names: Names,
  behind: Behind | null,
  here: Here | null = null,
): Drawing {
  const { frame, width } = picture;
  const [x, y] = [need(frame, names.x), need(frame, names.y)];
  const [low, high] = [frame.column(names.low), frame.column(names.high)];
  const mean = Array.from({ length: frame.n }, (_, row) => ({
    row,
    x: x.value(row),
    y: y.value(row),
    low: low?.value(row) ?? null,
    high: high?.value(row) ?? null,
  })).flatMap((p) => (p.x === null || p.y === null ? [] : [{ ...p, x: p.x, y: p.y }]));
  const thin = behind ? linesOf(behind) : [];
  const all = [...mean.map((p) => ({ x: p.x, y: p.y })), ...thin.flatMap((l) => l.points)];
  const ends = mean.flatMap((p) => [p.low, p.high].filter((v) => v !== null));
  const top = 28;
  const bottom = top + Math.max(190, Math.min(300, width * 0.5));
  const ys = scaleOver([...all.map((p) => p.y), ...ends], names.y_axis, bottom, top, { kind: kindOf(y) });
  const box = { left: ticksRoom(ys), right: width - 12, top, bottom };
  const xs = scaleOver(
    all.map((p) => p.x),
    names.x_axis,
    box.left,
    box.right,
    { kind: kindOf(x), tight: true },
  );
  const path = (points: { x: number; y: number }[]): string =>
    points.length > 0 ? `M${points.map((p) => `${r(xs.place(p.x))} ${r(ys.place(p.y))}`).join('L')}` : 'M0 0';
  const banded = mean.filter((p) => p.low !== null && p.high !== null);
  const at = here && nearest(mean, here.x);
  const marks: Mark[] = mean.map((p) => ({
    x: xs.place(p.x),
    y: ys.place(p.y),
    row: p.row,
    text: `${x.title} ${x.style.full(p.x)}: ${y.style.full(p.y)}${p.low !== null && p.high !== null ? ` [${y.style.bare(p.low)}, ${y.style.bare(p.high)}]` : ''}`,
  }));
  const body = (
    <>
      <XAxis box={box} scale={xs} title={axisTitle(names.x_axis, x)} />
      <YAxis box={box} scale={ys} title={axisTitle(names.y_axis, y)} />
      {banded.length > 1 && (
        <path
          className="bd k1"
          d={`M${[
            ...banded.map((p) => `${r(xs.place(p.x))} ${r(ys.place(p.high ?? p.y))}`),
            ...[...banded].reverse().map((p) => `${r(xs.place(p.x))} ${r(ys.place(p.low ?? p.y))}`),
          ].join('L')}Z`}
        />
      )}
      {thin.map((line) => (
        <path key={line.name} className="thin" d={path(line.points)} />
      ))}
      <path className="ln k1 d1 bold" d={path(mean)} />
      {at && (
        <>
          <Shape className="mk k2" x={xs.place(at.x)} y={ys.place(at.y)} size={5} series={1} />
          <Label
            className="lb over-lines"
            x={Math.min(xs.place(at.x) + 10, box.right - 60)}
            y={Math.max(top + 12, ys.place(at.y) - 10)}
            text={here.name}
            room={140}
          />
        </>
      )}
    </>
  );
  return { height: bottom + 44, body, marks };
}

function nearest<P extends { x: number }>(points: P[], x: number): P | null {
  let best: P | null = null;
  for (const p of points) if (best === null || Math.abs(p.x - x) < Math.abs(best.x - x)) best = p;
  return best;
}

function linesOf(behind: Behind): { name: string; points: { x: number; y: number }[] }[] {
  const [line, x, y] = [
    need(behind.frame, behind.line),
    need(behind.frame, behind.x),
    need(behind.frame, behind.y),
  ];
  const lines = new Map<string, { x: number; y: number }[]>();
  for (let row = 0; row < behind.frame.n; row++) {
    const [a, b] = [x.value(row), y.value(row)];
    if (a === null || b === null) continue;
    const name = line.label(row);
    const points = lines.get(name);
    if (points) points.push({ x: a, y: b });
    else lines.set(name, [{ x: a, y: b }]);
  }
  return [...lines].map(([name, points]) => ({ name, points }));
}
