/** Filters that are built by clicking, written as the predicate that the engine reads. */

export type Operator = '=' | '!=' | '<' | '<=' | '>' | '>=' | 'in' | 'not_in' | 'missing' | 'present';

/** One filter on one column. */
export interface Rule {
  column: string;
  operator: Operator;
  /** One value, or several for `in` and `not_in`. */
  values: string[];
  isNumber: boolean;
}

/** Filters that hold together. */
export interface Group {
  match: 'all' | 'any' | 'none';
  parts: (Rule | Group)[];
}

export const isGroup = (part: Rule | Group): part is Group => 'match' in part;

/** A name as SQL: quoted unless it is plain. */
export const sqlName = (name: string): string =>
  /^[a-z_][a-z0-9_]*$/.test(name) ? name : `"${name.replace(/"/g, '""')}"`;

const sqlText = (value: string): string => `'${value.replace(/'/g, "''")}'`;

function sqlValue(value: string, isNumber: boolean): string | null {
  if (!isNumber) return sqlText(value);
  const x = Number(value);
  return value.trim() === '' || !Number.isFinite(x) ? null : String(x);
}

/** A rule as SQL; null while it is not complete. */
export function sqlOfRule(rule: Rule): string | null {
  if (rule.column === '') return null;
  const name = sqlName(rule.column);
  if (rule.operator === 'missing') return `${name} IS NULL`;
  if (rule.operator === 'present') return `${name} IS NOT NULL`;
  const values = rule.values.map((v) => sqlValue(v, rule.isNumber));
  if (values.length === 0 || values.includes(null)) return null;
  if (rule.operator === 'in') return `${name} IN (${values.join(', ')})`;
  if (rule.operator === 'not_in') return `${name} NOT IN (${values.join(', ')})`;
  return `${name} ${rule.operator} ${values[0]}`;
}

/** A group as SQL; what is not complete is left out, and null when nothing is. */
export function sqlOf(group: Group): string | null {
  const parts = group.parts.flatMap((part) => {
    const sql = isGroup(part) ? sqlOf(part) : sqlOfRule(part);
    if (sql === null) return [];
    const isCompound = isGroup(part) && part.match !== 'none' && part.parts.length > 1;
    return [isCompound ? `(${sql})` : sql];
  });
  if (parts.length === 0) return null;
  const joined = parts.join(group.match === 'all' ? ' AND ' : ' OR ');
  return group.match === 'none' ? `NOT (${joined})` : joined;
}

/** The operators that a column takes. */
export const operatorsOf = (isNumber: boolean): Operator[] =>
  isNumber ? ['=', '!=', '<', '<=', '>', '>=', 'missing', 'present'] : ['in', 'not_in', 'missing', 'present'];
