/** Stable names of numbers: `section.metric[.aggregate][columns]{cohort}`. */
export interface Id {
  section: string;
  metric: string;
  aggregate: string | null;
  columns: Selector[];
  cohort: string | null;
}

/** A column that a number is split by, or one group of it. */
export interface Selector {
  column: string;
  group: string | null;
}

const WORD = /^[A-Za-z0-9_@-]+/;

/** Takes an id apart; null when it is none. */
export function parseId(text: string): Id | null {
  let at = 0;
  const word = (): string | null => {
    const found = WORD.exec(text.slice(at));
    if (!found) return null;
    at += found[0].length;
    return found[0];
  };
  const eat = (sign: string): boolean => {
    if (text[at] !== sign) return false;
    at += 1;
    return true;
  };
  const name = (): string | null => {
    if (!eat('"')) {
      const found = /^[^,=[\]{}"]+/.exec(text.slice(at));
      if (!found) return null;
      at += found[0].length;
      return found[0].trim() || null;
    }
    let out = '';
    while (at < text.length) {
      const sign = text[at] ?? '';
      at += 1;
      if (sign === '"') return out;
      if (sign === '\\') {
        out += text[at] ?? '';
        at += 1;
      } else out += sign;
    }
    return null;
  };

  const parts: string[] = [];
  do {
    const part = word();
    if (part === null) return null;
    parts.push(part);
  } while (eat('.'));
  const [section, metric, aggregate = null] = parts;
  if (section === undefined || metric === undefined || parts.length > 3) return null;
  const columns: Selector[] = [];
  if (eat('[')) {
    do {
      const column = name();
      if (column === null) return null;
      const group = eat('=') ? name() : null;
      columns.push({ column, group });
    } while (eat(','));
    if (!eat(']')) return null;
  }
  let cohort: string | null = null;
  if (eat('{')) {
    cohort = name();
    if (cohort === null || !eat('}')) return null;
  }
  return at === text.length ? { section, metric, aggregate, columns, cohort } : null;
}

/** A block's or table's id taken apart: `by_group[sex,race]{young}`. */
export interface Part {
  stem: string;
  by: string | null;
  cohort: string | null;
}

/** Takes the id of a block or table apart. */
export function parsePart(id: string): Part {
  const found = /^([^[{]+)(?:\[(.*?)\])?(?:\{(.*)\})?$/s.exec(id);
  return found
    ? { stem: found[1] ?? id, by: found[2] ?? null, cohort: found[3] ?? null }
    : { stem: id, by: null, cohort: null };
}
