/** What charts and tables read: a section with its numbers by id, columns with numbers, texts and intervals. */
import type { Estimate, Interval, Section, Table, TableColumn } from '../generated/document';
import { fitting, kindOfColumn, kindOfEstimate, styleOf, type Style } from './format';

/** A section whose estimates are found by id. */
export interface Look {
  section: Section;
  estimate: (id: string) => Estimate | undefined;
  table: (id: string) => Table | undefined;
}

const looks = new WeakMap<Section, Look>();

/** Looks at a section; the same section gives the same look. */
export function lookAt(section: Section): Look {
  const known = looks.get(section);
  if (known) return known;
  const estimates = new Map(section.estimates.map((e) => [e.id, e]));
  const tables = new Map(section.tables.map((t) => [t.id, t]));
  const look = {
    section,
    estimate: (id: string) => estimates.get(id),
    table: (id: string) => tables.get(id),
  };
  looks.set(section, look);
  return look;
}

/** A cell as charts and tables need it. */
export interface Cell {
  text: string | null;
  value: number | null;
  estimate: Estimate | null;
  interval: Interval | null;
  missing: string | null;
  small: boolean;
}

const EMPTY: Cell = { text: null, value: null, estimate: null, interval: null, missing: null, small: false };

/** A column that can be asked for cells. */
export class Column {
  readonly id: string;
  readonly title: string;
  readonly raw: TableColumn;
  readonly n: number;
  readonly isNumeric: boolean;
  private readonly look: Look;
  private made: Style | null = null;
  private isMixed = false;

  constructor(raw: TableColumn, look: Look) {
    this.raw = raw;
    this.look = look;
    this.id = raw.id;
    this.title = raw.title || raw.id;
    this.n = raw.values.length;
    this.isNumeric = raw.type === 'number' || raw.type === 'integer' || raw.type === 'estimate';
  }

  /** How its numbers are written: one style for the whole column. */
  get style(): Style {
    if (this.made) return this.made;
    const numbers: [number, number | null][] = [];
    let kind = kindOfColumn(this.raw.id, this.raw.unit);
    const kinds = new Set<string>();
    for (let row = 0; row < this.n; row++) {
      const cell = this.cell(row);
      if (cell.estimate) {
        kind = kindOfEstimate(cell.estimate);
        kinds.add(JSON.stringify(kind));
      }
      if (cell.value !== null)
        numbers.push([cell.value, cell.interval ? (cell.interval.high - cell.interval.low) / 2 : null]);
    }
    const isWhole = this.raw.type === 'integer';
    this.isMixed = kinds.size > 1;
    this.made = fitting(this.isMixed ? { sign: 'plain' } : kind, numbers, isWhole);
    return this.made;
  }

  /** How the number of a row is written: as the column's, or by itself where a column holds unlike numbers. */
  styleAt(row: number): Style {
    const style = this.style;
    const estimate = this.isMixed ? this.cell(row).estimate : null;
    return estimate ? styleOf(estimate) : style;
  }

  cell(row: number): Cell {
    const raw = this.raw.values[row];
    if (raw === null || raw === undefined) return EMPTY;
    if (this.raw.type === 'estimate') {
      const estimate = this.look.estimate(String(raw));
      if (!estimate) return { ...EMPTY, missing: 'not_in_document' };
      return {
        text: null,
        value: estimate.value,
        estimate,
        interval: estimate.interval,
        missing: estimate.value === null ? (estimate.missing ?? 'not_finite') : null,
        small: estimate.small === true,
      };
    }
    if (typeof raw === 'number') return { ...EMPTY, value: raw };
    return { ...EMPTY, text: typeof raw === 'boolean' ? (raw ? 'yes' : 'no') : String(raw) };
  }

  value(row: number): number | null {
    return this.cell(row).value;
  }

  /** The cell as a label: its text, or its number as written. */
  label(row: number): string {
    const cell = this.cell(row);
    return cell.text ?? (cell.value === null ? '–' : this.styleAt(row).full(cell.value));
  }

  /** The number with its interval in one line. */
  line(row: number): string {
    const cell = this.cell(row);
    if (cell.text !== null) return cell.text;
    if (cell.value === null) return '–';
    const style = this.styleAt(row);
    const value = style.full(cell.value);
    const small = cell.small ? ' †' : '';
    return cell.interval
      ? `${value} [${style.bare(cell.interval.low)}, ${style.bare(cell.interval.high)}]${small}`
      : `${value}${small}`;
  }
}

/** A table whose columns are found by id. */
export class Frame {
  readonly table: Table;
  readonly columns: Column[];
  readonly n: number;
  private readonly byId: Map<string, Column>;

  constructor(table: Table, look: Look) {
    this.table = table;
    this.columns = table.columns.map((c) => new Column(c, look));
    this.byId = new Map(this.columns.map((c) => [c.id, c]));
    this.n = this.columns[0]?.n ?? 0;
  }

  column(id: string | null | undefined): Column | null {
    return id ? (this.byId.get(id) ?? null) : null;
  }
}

const frames = new WeakMap<Table, Frame>();

/** A table as a frame; the same table gives the same frame. */
export function frameOf(look: Look, table: Table): Frame {
  const known = frames.get(table);
  if (known) return known;
  const frame = new Frame(table, look);
  frames.set(table, frame);
  return frame;
}
