/**
 * How numbers are written. Shares are in percent, differences of shares in percentage points; the interval decides
 * how many digits are worth reading; a missing number is a dash.
 */
import type { Estimate } from '../generated/document';
import { parseId } from './ids';

export type Unit = NonNullable<Estimate['unit']>;
export type Kind = { sign: 'plain' | 'percent' | 'points' | 'rows' | 'p' } | { sign: 'named'; name: string };

/** What stands where a number is missing. */
export const MISSING = '–';

let locale = 'en';
const formats = new Map<string, Intl.NumberFormat>();

/** Sets the language in which numbers are written. */
export function setNumberLocale(tag: string): void {
  locale = tag;
}

function formatted(value: number, decimals: number, grouping: boolean): string {
  const key = `${locale} ${decimals} ${grouping}`;
  let format = formats.get(key);
  if (!format) {
    format = new Intl.NumberFormat(locale, {
      minimumFractionDigits: decimals,
      maximumFractionDigits: decimals,
      useGrouping: grouping,
      numberingSystem: 'latn',
    });
    formats.set(key, format);
  }
  return format.format(value).replace(/^[\u200e\u200f\u061c]*-/, '−');
}

/** The kind of a unit. */
export function kindOfUnit(unit: Unit | undefined): Kind {
  if (typeof unit === 'object') return { sign: 'named', name: unit.named };
  if (unit === 'share') return { sign: 'percent' };
  if (unit === 'rows') return { sign: 'rows' };
  if (unit === 'nats') return { sign: 'named', name: 'nats' };
  return { sign: 'plain' };
}

/** The kind of a column: p-values have no unit but names of their own. */
export function kindOfColumn(id: string, unit: Unit | undefined): Kind {
  const isP = ['p', 'p_value', 'p_adjusted', 'adjusted_p', 'adjusted_p_value', 'q_bh', 'q_by'].includes(id);
  return isP && (unit === undefined || unit === 'plain') ? { sign: 'p' } : kindOfUnit(unit);
}

/** The kind of an estimate: a share that is a difference between groups counts points. */
export function kindOfEstimate(estimate: Estimate): Kind {
  const kind = kindOfUnit(estimate.unit);
  const isDifference = parseId(estimate.id)?.aggregate?.startsWith('difference') ?? false;
  return kind.sign === 'percent' && isDifference ? { sign: 'points' } : kind;
}

const factorOf = (kind: Kind): number => (kind.sign === 'percent' || kind.sign === 'points' ? 100 : 1);
const mostDecimals = (kind: Kind): number =>
  kind.sign === 'rows' ? 0 : kind.sign === 'percent' || kind.sign === 'points' ? 2 : 6;

function signOf(kind: Kind): string {
  if (kind.sign === 'percent') return '\u00a0%';
  if (kind.sign === 'points') return '\u00a0pp';
  return kind.sign === 'named' ? `\u00a0${kind.name}` : '';
}

/** How the numbers of one column, axis or cell are written. */
export class Style {
  constructor(
    readonly kind: Kind,
    readonly decimals: number,
  ) {}

  /** The number without its unit. */
  bare(x: number): string {
    const scaled = x * factorOf(this.kind);
    if (!Number.isFinite(scaled)) return MISSING;
    if (this.kind.sign === 'p' && x >= 0 && x <= 1)
      return x < 0.001 ? `< ${formatted(0.001, 3, false)}` : formatted(x, 3, false);
    const size = Math.abs(scaled);
    if (size >= 1e12 || (size > 0 && this.decimals >= 6 && size < 5e-7))
      return scaled.toExponential(2).replace('-', '−');
    const rounded = Number(scaled.toFixed(this.decimals));
    return formatted(rounded === 0 ? 0 : scaled, this.decimals, this.kind.sign === 'rows' || size >= 10_000);
  }

  /** The unit's sign alone. */
  get unit(): string {
    return signOf(this.kind).trim();
  }

  /** The number as it stands beside a bar, whose axis names the unit where it is a word. */
  short(x: number): string {
    return this.kind.sign === 'named' ? this.bare(x) : this.full(x);
  }

  /** The number with its unit. */
  full(x: number): string {
    return `${this.bare(x)}${signOf(this.kind)}`;
  }

  /** The number with its sign, as a step up or down. */
  signed(x: number): string {
    return x > 0 ? `+${this.full(x)}` : this.full(x);
  }

  /** The style of differences between such numbers. */
  ofDifferences(): Style {
    return this.kind.sign === 'percent' ? new Style({ sign: 'points' }, this.decimals) : this;
  }
}

/** The style of numbers, with half-widths of their intervals where there are any. */
export function fitting(kind: Kind, numbers: [number, number | null][], isWhole = false): Style {
  if (isWhole || kind.sign === 'rows') return new Style(kind, 0);
  const factor = factorOf(kind);
  const wanted = numbers
    .flatMap(([, half]) => (half !== null && half > 0 ? [decimalsOfWidth(kind, half * factor)] : []))
    .sort((a, b) => a - b);
  const byWidth = wanted[Math.floor((wanted.length * 3) / 4)];
  const decimals =
    byWidth ??
    decimalsOfSize(
      kind,
      numbers.map(([x]) => x * factor),
    );
  return new Style(kind, Math.max(0, Math.min(decimals, mostDecimals(kind))));
}

function decimalsOfWidth(kind: Kind, half: number): number {
  const decimals = Math.max(0, Math.ceil(Math.log10(4 / half)));
  const isShare = kind.sign === 'percent' || kind.sign === 'points';
  return isShare ? (half >= 10 ? 0 : Math.max(1, Math.min(decimals, 2))) : decimals;
}

function decimalsOfSize(kind: Kind, numbers: number[]): number {
  const isShare = kind.sign === 'percent' || kind.sign === 'points';
  if (numbers.every((x) => Number.isInteger(x))) return isShare ? 1 : 0;
  const sizes = numbers
    .map(Math.abs)
    .filter((x) => x > 1e-12)
    .sort((a, b) => a - b);
  const typical = sizes[Math.floor(sizes.length / 2)] ?? 1;
  const decimals = Math.max(0, 2 - Math.floor(Math.log10(typical)));
  return isShare ? Math.max(1, Math.min(decimals, 2)) : decimals;
}

/** The style of one estimate by itself. */
export function styleOf(estimate: Estimate): Style {
  const half = estimate.interval ? (estimate.interval.high - estimate.interval.low) / 2 : null;
  return fitting(kindOfEstimate(estimate), estimate.value === null ? [] : [[estimate.value, half]]);
}

/** The style of axis labels that are `step` apart. */
export function styleOfTicks(unit: Kind, step: number): Style {
  const kind: Kind = unit.sign === 'named' ? { sign: 'plain' } : unit;
  const scaled = Math.abs(step) * factorOf(kind);
  let decimals = 0;
  while (decimals < 9 && Math.abs(scaled * 10 ** decimals - Math.round(scaled * 10 ** decimals)) > 1e-6)
    decimals += 1;
  return new Style(kind, decimals);
}

/** A number of rows. */
export function count(n: number): string {
  return formatted(n, 0, true);
}

/** An estimate's value with its unit, or a dash. */
export function valueText(estimate: Estimate): string {
  return estimate.value === null ? MISSING : styleOf(estimate).full(estimate.value);
}

/** An estimate's interval, or nothing. */
export function intervalText(estimate: Estimate): string {
  if (!estimate.interval || estimate.value === null) return '';
  const style = styleOf(estimate);
  return `${style.bare(estimate.interval.low)} – ${style.full(estimate.interval.high)}`;
}
