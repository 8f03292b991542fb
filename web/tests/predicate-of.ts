/** Reads as much SQL as the tests write, to stand in for the engine. */
import type { Value } from '../src/api/types';

export type Row = Record<string, Value>;
type Test = (row: Row) => boolean;

/** What is wrong with a predicate. */
export class Wrong extends Error {}

/** The test that a predicate makes of a row. */
export function predicateOf(sql: string, columns: string[]): Test {
  const tokens = sql.match(/"(?:[^"]|"")*"|'(?:[^']|'')*'|<=|>=|!=|[<>=(),]|-?\d+(?:\.\d+)?|\w+|\S/g) ?? [];
  let at = 0;
  const peek = (): string => (tokens[at] ?? '').toUpperCase();
  const take = (): string => tokens[at++] ?? '';
  const expect = (token: string): void => {
    if (take().toUpperCase() !== token) throw new Wrong(`expected \`${token}\` at position ${at}`);
  };
  const value = (): Value => {
    const token = take();
    if (token.startsWith("'")) return token.slice(1, -1).replace(/''/g, "'");
    if (token === '' || Number.isNaN(Number(token))) throw new Wrong(`expected a value at position ${at}`);
    return Number(token);
  };
  const list = (): Value[] => {
    expect('(');
    const values = [value()];
    while (peek() === ',') {
      take();
      values.push(value());
    }
    expect(')');
    return values;
  };
  const leaf = (): Test => {
    if (peek() === '(') {
      take();
      const inner = any();
      expect(')');
      return inner;
    }
    if (peek() === 'NOT') {
      take();
      const inner = leaf();
      return (row) => !inner(row);
    }
    const raw = take();
    const name = raw.startsWith('"') ? raw.slice(1, -1).replace(/""/g, '"') : raw;
    if (!columns.includes(name)) throw new Wrong(`column \`${name}\` is not in the dataset`);
    const operator = take().toUpperCase();
    if (operator === 'IS') {
      const isNot = peek() === 'NOT';
      if (isNot) take();
      expect('NULL');
      return (row) => (row[name] === null) !== isNot;
    }
    if (operator === 'IN') {
      const values = list();
      return (row) => values.includes(row[name] ?? null);
    }
    if (operator === 'NOT') {
      expect('IN');
      const values = list();
      return (row) => !values.includes(row[name] ?? null);
    }
    const wanted = value();
    const tests: Record<string, (x: Value) => boolean> = {
      '=': (x) => x === wanted,
      '!=': (x) => x !== wanted,
      '<': (x) => Number(x) < Number(wanted),
      '<=': (x) => Number(x) <= Number(wanted),
      '>': (x) => Number(x) > Number(wanted),
      '>=': (x) => Number(x) >= Number(wanted),
    };
    const test = tests[operator];
    if (!test) throw new Wrong(`unknown operator \`${operator}\` at position ${at}`);
    return (row) => test(row[name] ?? null);
  };
  const all = (): Test => {
    let left = leaf();
    while (peek() === 'AND') {
      take();
      const [first, second] = [left, leaf()];
      left = (row) => first(row) && second(row);
    }
    return left;
  };
  const any = (): Test => {
    let left = all();
    while (peek() === 'OR') {
      take();
      const [first, second] = [left, all()];
      left = (row) => first(row) || second(row);
    }
    return left;
  };
  const test = any();
  if (at < tokens.length) throw new Wrong(`unexpected \`${tokens[at]}\` at position ${at + 1}`);
  return test;
}
