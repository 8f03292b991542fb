// A large data set out of the bundled sample: its rows again and again, their numbers moved a little. The same for the
// same number of rows, so that two runs can be compared.
import { createWriteStream, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const SAMPLE = fileURLToPath(new URL('../../sample/nhefs', import.meta.url));
/** How far numbers are moved at most, up or down; other columns stay as they are. */
const MOVED = {
  age: 3,
  income: 2,
  ht: 4,
  wt71: 6,
  smokeintensity: 5,
  smokeyrs: 4,
  cholesterol: 25,
};

/** Numbers between 0 and 1 by a linear congruential generator (Numerical Recipes). */
function draws(seed) {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 4294967296;
  };
}

/** Writes `large.csv` of so many rows and a spec `large.toml` beside it; gives the path of the spec. */
export async function writeLarge(folder, rows) {
  const spec = readFileSync(join(SAMPLE, 'spec.toml'), 'utf8');
  const [head = '', ...lines] = readFileSync(join(SAMPLE, 'test.csv'), 'utf8').trim().split('\n');
  const names = head.split(',');
  const features = [...(/features = \[([^\]]*)\]/.exec(spec)?.[1] ?? '').matchAll(/"([^"]+)"/g)].map(
    (m) => m[1],
  );
  const used = ['seqn', 'death', ...features].map((name) => [name, names.indexOf(name)]);
  const cells = lines.map((line) => line.split(','));
  const draw = draws(1971);
  const out = createWriteStream(join(folder, 'large.csv'));
  let batch = [used.map(([name]) => name).join(',')];
  for (let i = 0; i < rows; i++) {
    const row = cells[i % cells.length];
    const values = used.map(([name, at]) => {
      const value = row[at] ?? '';
      const most = MOVED[name];
      if (name === 'seqn') return i;
      if (most === undefined || value === '') return value;
      const moved = Number(value) + Math.round((2 * draw() - 1) * most);
      return Math.max(1, Math.round(moved * 10) / 10);
    });
    batch.push(values.join(','));
    if (batch.length < 20_000 && i + 1 < rows) continue;
    if (!out.write(`${batch.join('\n')}\n`)) await new Promise((done) => out.once('drain', done));
    batch = [];
  }
  await new Promise((done) => out.end(done));
  const large = spec
    .replace('test = "sample/nhefs/test.csv"', `test = ${JSON.stringify(join(folder, 'large.csv'))}`)
    .replace(/^train = .*\n/m, '')
    .replace('source = "sample/nhefs/model.txt"', `source = ${JSON.stringify(join(SAMPLE, 'model.txt'))}`);
  const path = join(folder, 'large.toml');
  const { writeFileSync } = await import('node:fs');
  writeFileSync(path, large);
  return path;
}
