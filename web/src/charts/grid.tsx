/** Coloured cells over two columns of labels: heat maps and matrices of counts. */
import type { ReactNode } from 'react';
import type { Axis } from '../generated/document';
import { whyMissing } from '../document/words';
import { Hatch, Label, need, r, textWidth, type Drawing, type Mark, type Picture } from './parts';

interface Names {
  across: string;
  down: string;
  value: string;
  axis?: Axis;
  /** Columns along whose change of sign a line is drawn, with its class. */
  edges?: { column: string; className: string }[];
}

/** Labels on a side; the rest is in the table. */
const MOST_LABELS = 60;

/** Draws a grid of cells with their numbers. */
export function drawGrid(picture: Picture, names: Names): Drawing {
  const { frame, width, t } = picture;
  const [across, down, values] = [
    need(frame, names.across),
    need(frame, names.down),
    need(frame, names.value),
  ];
  const counts = names.value === 'n' ? null : frame.column('n');
  const [columns, lines] = [new Map<string, number>(), new Map<string, number>()];
  const cells = new Map<string, number>();
  let hidden = 0;
  for (let row = 0; row < frame.n; row++) {
    const [j, i] = [placeIn(columns, across.label(row)), placeIn(lines, down.label(row))];
    if (i < 0 || j < 0) hidden += 1;
    else if (!cells.has(`${i} ${j}`)) cells.set(`${i} ${j}`, row);
  }
  const [xs, ys] = [[...columns.keys()], [...lines.keys()]];
  const left = Math.min(Math.max(40, ...ys.map((l) => textWidth(l))), Math.max(80, width * 0.28)) + 40;
  const longest = Math.max(0, ...xs.map((l) => textWidth(l)));
  // Labels that are turned reach beyond the last column.
  const roomy = (width - left - 4) / Math.max(1, xs.length);
  const wide = Math.min(
    150,
    longest > roomy - 6 && roomy < 90 ? roomy - Math.min(60, longest * 0.5) / xs.length : roomy,
  );
  const isTurned = longest > wide - 6 && wide < 90;
  const top = isTurned ? Math.min(longest, 130) * 0.72 + 34 : 42;
  const tall = ys.length > 15 ? 22 : ys.length > 6 ? 32 : 40;
  const bottom = top + ys.length * tall;
  const shade = shading(
    [...cells.values()].map((row) => values.value(row)),
    names.axis,
  );
  const hatch = `h-${frame.table.id.replace(/[^a-z0-9]/gi, '')}`;
  const marks: Mark[] = [];
  const parts: ReactNode[] = [];
  ys.forEach((line, i) => {
    const y = top + i * tall;
    parts.push(
      <Label key={`y${i}`} x={left - 10} y={y + tall / 2 + 4} anchor="end" text={line} room={left - 36} />,
    );
    xs.forEach((column, j) => {
      const row = cells.get(`${i} ${j}`);
      const x = left + j * wide;
      const cell = row === undefined ? null : values.cell(row);
      const name = `${line}, ${column}`;
      if (row === undefined || !cell || cell.value === null) {
        const why = cell?.missing ? `: ${whyMissing(cell.missing)}` : '';
        parts.push(
          <rect
            key={`${i} ${j}`}
            className="no"
            style={{ fill: `url(#${hatch})` }}
            x={r(x + 1)}
            y={r(y + 1)}
            width={r(wide - 2)}
            height={tall - 2}
          />,
        );
        marks.push({
          x: x + wide / 2,
          y: y + tall / 2,
          row: row ?? -1,
          text: `${name}: ${t('missing_value')}${why}`,
        });
        return;
      }
      const [tint, strength] = shade(cell.value);
      const sign = cell.small ? ' †' : '';
      const long = `${values.style.short(cell.value)}${sign}`;
      const text = textWidth(long) < wide - 4 ? long : `${values.style.bare(cell.value)}${sign}`;
      const n = counts && row !== undefined ? counts.value(row) : null;
      const on = strength > 0.55 ? ' on' : '';
      const rows = n === null ? '' : `n ${counts?.style.full(n) ?? n}`;
      const isRoomy = tall >= 32 && rows && textWidth(rows, 11) < wide - 6;
      parts.push(
        <g key={`${i} ${j}`}>
          <rect
            className={`cell ${tint}`}
            style={{ fillOpacity: strength }}
            x={r(x + 1)}
            y={r(y + 1)}
            width={r(wide - 2)}
            height={tall - 2}
            rx={2}
          />
          {textWidth(text) < wide - 4 && tall >= 18 && (
            <Label
              className={`lb${on}`}
              x={x + wide / 2}
              y={y + tall / 2 + (isRoomy ? -2 : 4)}
              anchor="middle"
              text={text}
            />
          )}
          {isRoomy && textWidth(text) < wide - 4 && (
            <Label
              className={`tk in${on}`}
              x={x + wide / 2}
              y={y + tall / 2 + 12}
              anchor="middle"
              text={rows}
            />
          )}
        </g>,
      );
      marks.push({
        x: x + wide / 2,
        y: y + tall / 2,
        row,
        text: `${name}: ${values.line(row)}${rows ? `, ${rows}` : ''}`,
      });
    });
  });
  const edges = (names.edges ?? []).map(({ column, className }) => (
    <path
      key={className}
      className={className}
      d={signEdges(xs.length, ys.length, (i, j) => {
        const row = cells.get(`${i} ${j}`);
        return row === undefined ? null : (frame.column(column)?.value(row) ?? null);
      })
        .map(
          ([x1, y1, x2, y2]) =>
            `M${r(left + x1 * wide)} ${top + y1 * tall}L${r(left + x2 * wide)} ${top + y2 * tall}`,
        )
        .join('')}
    />
  ));
  const body = (
    <>
      <Hatch id={hatch} />
      <Label className="at" x={left} y={12} text={across.title} room={width - left} />
      <Label
        className="at"
        x={12}
        y={(top + bottom) / 2}
        anchor="middle"
        turn={-90}
        text={down.title}
        room={Math.max(70, bottom - top)}
      />
      {xs.map((label, j) => (
        <Label
          key={label}
          x={left + (j + 0.5) * wide - (isTurned ? 4 : 0)}
          y={top - 8}
          anchor={isTurned ? 'start' : 'middle'}
          turn={isTurned ? -40 : undefined}
          text={label}
          room={isTurned ? 130 : wide - 4}
        />
      ))}
      {parts}
      {edges}
      {hidden > 0 && (
        <Label className="wh" x={left} y={bottom + 20} text={t('hidden_marks', { n: hidden })} />
      )}
    </>
  );
  return { height: bottom + (hidden > 0 ? 30 : 10), body, marks };
}

/** Sides between cells whose numbers lie on different sides of 0, in cells. */
export function signEdges(
  across: number,
  down: number,
  at: (line: number, column: number) => number | null,
): [number, number, number, number][] {
  const edges: [number, number, number, number][] = [];
  const differ = (a: number | null, b: number | null): boolean => a !== null && b !== null && a < 0 !== b < 0;
  for (let i = 0; i < down; i++)
    for (let j = 0; j < across; j++) {
      if (j + 1 < across && differ(at(i, j), at(i, j + 1))) edges.push([j + 1, i, j + 1, i + 1]);
      if (i + 1 < down && differ(at(i, j), at(i + 1, j))) edges.push([j, i + 1, j + 1, i + 1]);
    }
  return edges;
}

function placeIn(places: Map<string, number>, name: string): number {
  const known = places.get(name);
  if (known !== undefined) return known;
  if (places.size >= MOST_LABELS) return -1;
  places.set(name, places.size);
  return places.size - 1;
}

/** Tint and strength of a number: one colour from the lowest on, or two from zero on. */
function shading(values: (number | null)[], axis: Axis | undefined): (value: number) => [string, number] {
  const real = values.filter((v) => v !== null);
  const domain = Array.isArray(axis?.domain) ? (axis.domain as number[]) : null;
  const low = Math.min(...real);
  const high = Math.max(...real);
  const size = Math.max(Math.abs(low), Math.abs(high));
  if (low < 0 && high > 0)
    return (v) => [v < 0 ? 'neg' : 'pos', size > 0 ? 0.04 + (0.86 * Math.abs(v)) / size : 0];
  const floor =
    domain && high - low > 0.5 * ((domain[1] ?? 1) - (domain[0] ?? 0))
      ? (domain[0] ?? low)
      : Math.min(low, 0);
  return (v) => [v < 0 ? 'neg' : 'pos', high > floor ? 0.04 + (0.86 * (v - floor)) / (high - floor) : 0.4];
}
