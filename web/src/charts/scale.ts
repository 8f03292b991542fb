/** Places on an axis. */
import type { Axis } from '../generated/document';
import { styleOfTicks, type Kind } from '../document/format';

/** From numbers to pixels. */
export interface Scale {
  low: number;
  high: number;
  place: (x: number) => number;
  ticks: { at: number; text: string }[];
}

/** What an axis should hold besides the numbers. */
export interface Wish {
  zero?: boolean;
  tight?: boolean;
  most?: number;
  kind?: Kind;
}

const PLAIN: Kind = { sign: 'plain' };

/** A step of 1, 2, 2.5 or 5 times a power of ten that cuts a span into about `parts`. */
export function niceStep(span: number, parts: number): number {
  const rough = span / Math.max(1, parts);
  if (!(rough > 0) || !Number.isFinite(rough)) return 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const size = rough / power;
  const nice = size <= 1 ? 1 : size <= 2 ? 2 : size <= 2.5 ? 2.5 : size <= 5 ? 5 : 10;
  return nice * power;
}

/** A scale over numbers, from pixel `from` to pixel `to`. */
export function scaleOver(
  numbers: number[],
  axis: Axis | undefined,
  from: number,
  to: number,
  wish: Wish = {},
): Scale {
  const kind = wish.kind ?? PLAIN;
  const room = Math.abs(to - from);
  const most = wish.most ?? Math.max(2, Math.min(7, Math.floor(room / 72)));
  const real = numbers.filter(Number.isFinite);
  let low = real.length > 0 ? Math.min(...chunkEnds(real, Math.min)) : 0;
  let high = real.length > 0 ? Math.max(...chunkEnds(real, Math.max)) : 1;
  if (axis?.scale === 'log' && low > 0) return logScale(low, high, from, to, kind);
  if (wish.zero) [low, high] = [Math.min(0, low), Math.max(0, high)];
  const domain = Array.isArray(axis?.domain) ? (axis.domain as unknown[]) : null;
  const [a, b] = [Number(domain?.[0]), Number(domain?.[1])];
  const isGiven = domain !== null && Number.isFinite(a) && Number.isFinite(b) && a < b;
  if (isGiven) [low, high] = [Math.min(a, low), Math.max(b, high)];
  if (!(high > low)) {
    const pad = Math.abs(low) > 0 ? Math.abs(low) * 0.1 : 0.5;
    [low, high] = [low - pad, high + pad];
  }
  const step = niceStep(high - low, most);
  if (!wish.tight && !isGiven) {
    low = Math.floor(low / step + 1e-9) * step;
    high = Math.ceil(high / step - 1e-9) * step;
  }
  const style = styleOfTicks(kind, step);
  const ticks: { at: number; text: string }[] = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9 && ticks.length < 20; i++)
    ticks.push({ at: i * step, text: style.full(i * step) });
  const factor = (to - from) / (high - low);
  return { low, high, place: (x) => from + (x - low) * factor, ticks };
}

/** Ends of pieces of a long list, for a call with few arguments. */
function chunkEnds(numbers: number[], pick: (...values: number[]) => number): number[] {
  const ends: number[] = [];
  for (let i = 0; i < numbers.length; i += 4096) ends.push(pick(...numbers.slice(i, i + 4096)));
  return ends;
}

function logScale(low: number, high: number, from: number, to: number, kind: Kind): Scale {
  const [a, b] = [
    Math.floor(Math.log10(low)),
    Math.max(Math.ceil(Math.log10(high)), Math.floor(Math.log10(low)) + 1),
  ];
  const factor = (to - from) / (b - a);
  const ticks = [];
  for (let power = a; power <= b; power++)
    ticks.push({ at: 10 ** power, text: styleOfTicks(kind, 10 ** power).full(10 ** power) });
  return {
    low: 10 ** a,
    high: 10 ** b,
    place: (x) => from + (Math.log10(Math.max(x, 10 ** a)) - a) * factor,
    ticks,
  };
}
