/** A document that came from outside: what is sound is kept, what is not is named. */
import type { Block, Document, Section, Table, TableColumn } from '../generated/document';

/** A document and what was wrong with it. */
export interface Reading {
  document: Document | null;
  problems: string[];
}

type Raw = Record<string, unknown>;

const isRaw = (value: unknown): value is Raw =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
const word = (value: unknown, otherwise = ''): string => (typeof value === 'string' ? value : otherwise);

/** Reads anything as a document. */
export function readDocument(value: unknown): Reading {
  const problems: string[] = [];
  if (!isRaw(value)) return { document: null, problems: ['the document is not an object'] };
  if (!Array.isArray(value.sections)) return { document: null, problems: ['the document has no `sections`'] };
  const version = word(value.schema_version, '?');
  if (!version.startsWith('1.'))
    problems.push(`the document is of version \`${version}\`; this page knows version 1`);
  const sections = value.sections.flatMap((section, i) => {
    const read = readSection(section, problems);
    if (!read) problems.push(`section ${i + 1} has no id and is left out`);
    return read ? [read] : [];
  });
  const spec = isRaw(value.spec) ? value.spec : {};
  const provenance = isRaw(value.provenance) ? value.provenance : {};
  const document = {
    ...value,
    schema_version: version,
    spec: { seed: 0, ...spec, data: isRaw(spec.data) ? spec.data : { test: '' } },
    provenance: {
      equipoise: '?',
      seed: 0,
      spec_sha256: '',
      ...provenance,
      inputs: list(provenance.inputs).filter(isRaw),
    },
    task: word(value.task, 'binary'),
    classes: list(value.classes),
    datasets: list(value.datasets)
      .filter(isRaw)
      .map((data) => ({ part: '?', n_rows: 0, ...data, columns: list(data.columns).filter(isRaw) })),
    cohorts: list(value.cohorts).filter(isRaw),
    notes: readNotes(value.notes),
    sections,
    artifacts: list(value.artifacts).filter(isRaw),
  } as unknown as Document;
  return { document, problems };
}

function readNotes(value: unknown): Raw[] {
  return list(value)
    .filter(isRaw)
    .map((note) => ({
      code: '',
      ...note,
      level: word(note.level, 'info'),
      text: word(note.text),
      about: list(note.about),
    }));
}

/** Reads anything as a section; null when it has no id. */
export function readSection(value: unknown, problems: string[]): Section | null {
  if (!isRaw(value) || typeof value.id !== 'string') return null;
  const id = value.id;
  const tables = list(value.tables).flatMap((table) => {
    const read = readTable(table);
    if (!read) problems.push(`a table of section \`${id}\` cannot be read and is left out`);
    return read ? [read] : [];
  });
  const blocks = list(value.blocks)
    .filter(isRaw)
    .filter((block) => typeof block.id === 'string')
    .map((block) => ({
      ...block,
      title: word(block.title, word(block.id)),
      says: word(block.says),
      kind: word(block.kind),
    }));
  const estimates = list(value.estimates)
    .filter(isRaw)
    .filter((estimate) => typeof estimate.id === 'string')
    .map((e) => ({
      n: 0,
      better: 'neither',
      ...e,
      value: finite(e.value),
      interval: readInterval(e.interval),
    }));
  return {
    id,
    title: word(value.title, id),
    question: word(value.question),
    notes: readNotes(value.notes),
    estimates,
    tables,
    blocks: blocks as unknown as Block[],
  } as unknown as Section;
}

const finite = (value: unknown): number | null =>
  typeof value === 'number' && Number.isFinite(value) ? value : null;

function readInterval(value: unknown): Raw | null {
  if (!isRaw(value) || finite(value.low) === null || finite(value.high) === null) return null;
  return { level: 0.95, method: '?', ...value };
}

function readTable(value: unknown): Table | null {
  if (!isRaw(value) || typeof value.id !== 'string' || !Array.isArray(value.columns)) return null;
  const columns = value.columns
    .filter(isRaw)
    .filter((c) => typeof c.id === 'string' && Array.isArray(c.values));
  const n = Math.max(0, ...columns.map((c) => list(c.values).length));
  const even = columns.map((c) => {
    const values = list(c.values);
    const filled = values.length === n ? values : [...values, ...Array<null>(n - values.length).fill(null)];
    return { type: 'text', title: word(c.id), ...c, values: filled };
  });
  return { id: value.id, title: word(value.title, value.id), columns: even as unknown as TableColumn[] };
}
