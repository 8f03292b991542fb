/** Steps from a base to a result: each bar begins where the one before ends. */
import type { ReactNode } from 'react';
import {
  Label,
  XAxis,
  axisTitle,
  kindOf,
  need,
  r,
  textWidth,
  type Drawing,
  type Mark,
  type Picture,
} from './parts';
import { scaleOver } from './scale';

/** Steps that are drawn one by one; the rest is drawn as one. */
const MOST_STEPS = 30;

interface Bar {
  label: string;
  from: number;
  to: number;
  text: string;
  className: string;
  row: number;
}

/** Draws a waterfall. */
export function drawWaterfall(picture: Picture, names: { label: string; value: string }): Drawing {
  const { frame, width, t } = picture;
  const [labels, values] = [need(frame, names.label), need(frame, names.value)];
  const steps = values.style.ofDifferences();
  const bars: Bar[] = [];
  let level = 0;
  const single = frame.n > MOST_STEPS ? MOST_STEPS - 1 : frame.n;
  const push = (label: string, by: number, row: number, isBase: boolean): void => {
    const text = isBase ? values.style.short(by) : `${by > 0 ? '+' : ''}${steps.short(by)}`;
    bars.push({
      label,
      from: level,
      to: level + by,
      text,
      row,
      className: isBase ? 'tt' : by < 0 ? 'dn' : 'up',
    });
    level += by;
  };
  for (let row = 0; row < single; row++) {
    const by = values.value(row);
    if (by === null)
      bars.push({
        label: labels.label(row),
        from: level,
        to: level,
        text: t('missing_value'),
        row,
        className: 'no',
      });
    else push(labels.label(row), by, row, row === 0);
  }
  if (single < frame.n) {
    let rest = 0;
    for (let row = single; row < frame.n; row++) rest += values.value(row) ?? 0;
    push(t('further_steps', { n: frame.n - single }), rest, single, false);
  }
  bars.push({
    label: t('result'),
    from: 0,
    to: level,
    text: values.style.short(level),
    row: -1,
    className: 'tt',
  });
  const left =
    Math.min(Math.max(40, ...bars.map((b) => textWidth(b.label))), Math.max(110, width * 0.4)) + 12;
  const right = width - Math.min(Math.max(30, ...bars.map((b) => textWidth(b.text))), width * 0.3) - 18;
  const scale = scaleOver(
    bars.flatMap((b) => [b.from, b.to]),
    undefined,
    left,
    right,
    { kind: kindOf(values) },
  );
  const tall = 25;
  const bottom = 6 + bars.length * tall;
  const marks: Mark[] = [];
  const parts: ReactNode[] = bars.map((bar, i) => {
    const y = 6 + i * tall + tall / 2;
    const [a, b] = [
      scale.place(Math.max(scale.low, Math.min(bar.from, bar.to))),
      scale.place(Math.max(bar.from, bar.to)),
    ];
    marks.push({ x: scale.place(bar.to), y, row: bar.row, text: `${bar.label}: ${bar.text}` });
    return (
      <g key={`${i}`}>
        <Label x={left - 10} y={y + 4} anchor="end" text={bar.label} room={left - 12} />
        <rect
          className={bar.className}
          x={r(Math.min(a, b))}
          y={y - 8}
          width={r(Math.max(1, Math.abs(b - a)))}
          height={16}
          rx={1}
        />
        {i + 1 < bars.length && (
          <line
            className="ax"
            x1={r(scale.place(bar.to))}
            x2={r(scale.place(bar.to))}
            y1={y + 8}
            y2={y + tall - 8}
          />
        )}
        <Label className="vl" x={right + 10} y={y + 4} text={bar.text} room={width - right - 12} />
      </g>
    );
  });
  const body = (
    <>
      <XAxis box={{ left, right, top: 6, bottom }} scale={scale} title={axisTitle(undefined, values)} />
      {parts}
    </>
  );
  return { height: bottom + 42, body, marks };
}
