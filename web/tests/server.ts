/** A server that keeps the contract of `/v1` over made-up rows. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pageWith } from '../scripts/browser.mjs';
import type { ColumnInfo, Job, Value } from '../src/api/types';
import type { Section } from '../src/generated/document';
import { Wrong, predicateOf, type Row } from './predicate-of';
import { causal, explain } from './sections';
import { fairness, makeDocument, number, performance, text, type Wish } from './sample';

const BASE = '/some/prefix';
const DONE = { what: 'done', done: 1, of: 1 };

const COLUMNS: ColumnInfo[] = [
  {
    name: 'age',
    type: 'number',
    roles: ['feature'],
    n_missing: 0,
    min: 17,
    max: 90,
    levels: [],
    n_levels: 0,
  },
  {
    name: 'sex',
    type: 'category',
    roles: ['feature', 'sensitive'],
    n_missing: 0,
    levels: ['Female', 'Male'],
    n_levels: 2,
  },
  { name: 'married', type: 'category', roles: ['feature'], n_missing: 0, levels: ['no', 'yes'], n_levels: 2 },
  ...['_true', '_predicted', '_outcome'].map((name) => ({
    name,
    type: 'category',
    roles: [],
    n_missing: 0,
    levels: ['no', 'yes'],
    n_levels: 2,
  })),
  ...['_probability', '_error', '_index'].map((name) => ({ name, type: 'number', roles: [], n_missing: 0 })),
];

/** The columns of the rows: three, more numbers where they are wished for, and one of very many names. */
function columnsOf(wish: Wish): ColumnInfo[] {
  const extra = Array.from({ length: Math.max(0, (wish.columns ?? 3) - 3) }, (_, i): ColumnInfo => {
    const name = `column ${i + 3}`;
    return {
      name,
      type: 'number',
      roles: ['feature'],
      n_missing: 0,
      min: 0,
      max: 9,
      levels: [],
      n_levels: 0,
    };
  });
  const n = wish.categories ?? 0;
  const levels = Array.from({ length: Math.min(n, 1000) }, (_, i) => `name ${i}`);
  const many: ColumnInfo[] =
    n > 0 ? [{ name: 'many', type: 'category', roles: ['feature'], n_missing: 0, levels, n_levels: n }] : [];
  return [...COLUMNS.slice(0, 3), ...extra, ...many, ...COLUMNS.slice(3)];
}

const score = (row: Row): number =>
  (row.married === 'yes' ? 0.35 : 0.1) + (Number(row.age) - 17) / 200 + (row.sex === 'Male' ? 0.1 : 0);

/** The row of an index: always the same. */
function rowAt(index: number): Row {
  const base: Row = {
    age: 17 + ((index * 7919) % 74),
    sex: (index * 31) % 3 === 0 ? 'Female' : 'Male',
    married: (index * 17) % 5 < 2 ? 'yes' : 'no',
  };
  const probability = score(base);
  const predicted = probability >= 0.5 ? 'yes' : 'no';
  const truth = (index * 13) % 10 === 0 ? (predicted === 'yes' ? 'no' : 'yes') : predicted;
  return {
    ...base,
    _true: truth,
    _predicted: predicted,
    _probability: probability,
    _error: truth === predicted ? 0 : 1,
    _outcome: truth === predicted ? 'tn' : 'fn',
    _index: index,
  };
}

/** An answer that a test wants instead of the right one. */
class Fault extends Error {
  constructor(readonly answer: { status: number; body: string }) {
    super(answer.body);
  }
}

const baseOf = (url: URL): string => (url.pathname.startsWith(BASE) ? BASE : '');

/** A running server and what it was asked. */
export interface Fake {
  url: string;
  requests: string[];
  /** Makes it hang up on everyone until it is called with `false`. */
  /** The address without a token, and the token. */
  root: string;
  token: string;
  setToken: (token: string) => void;
  /** Answers questions about this (an analysis, or `document`) with something else. */
  setFault: (about: string, fault: { status: number; body: string } | null) => void;
  /** Answers after so many milliseconds. */
  setSlow: (ms: number) => void;
  /** Makes rows and model unreachable, and says why. */
  setNotLive: (why: string) => void;
  setGone: (isGone: boolean) => void;
  /** Makes it answer no stream of events, as a proxy may. */
  setEvents: (hasEvents: boolean) => void;
  close: () => Promise<void>;
}

/** Starts a server over so many rows. */
export async function startServer(nRows = 2000, wish: Wish = {}): Promise<Fake> {
  const cohorts = [{ name: 'young', predicate: 'age < 30', n: 500, source: 'document' }];
  const kept: { job: string; analysis: string; predicate: string | null; section: Section }[] = [];
  const jobs = new Map<string, { job: Job; polls: number; section: Section }>();
  const requests: string[] = [];
  const looked = Math.min(nRows, 2000);
  let isGone = false;
  let slow = 0;
  let token = 'a-token';
  let whyNotLive: string | null = null;
  const faults = new Map<string, { status: number; body: string }>();
  const columns = columnsOf(wish);
  let hasEvents = true;
  const pins: { pin: number; row: number; set: unknown; says: string | null }[] = [];
  let nextPin = 0;

  const matching = (predicate: string | null): number[] => {
    const all = Array.from({ length: looked }, (_, i) => i);
    if (!predicate) return all;
    const test = predicateOf(
      predicate,
      columns.map((c) => c.name),
    );
    return all.filter((i) => test(rowAt(i)));
  };
  const count = (predicate: string | null): object => {
    const rows = matching(predicate);
    const wrong = rows.filter((i) => rowAt(i)._error === 1).length;
    const n = predicate ? rows.length : nRows;
    return {
      n,
      share: rows.length / looked,
      n_wrong: wrong,
      error_rate: rows.length > 0 ? wrong / rows.length : null,
    };
  };
  const sectionFor = (
    analysis: string,
    predicate: string | null,
    params: Record<string, unknown>,
  ): Section => {
    const [asked] = (params.what_if ?? []) as { row: number; value: unknown }[];
    if (asked) return causal({ row: asked.row, to: String(asked.value) });
    const n = matching(predicate).length;
    if (analysis === 'performance') return performance(n, 0.7);
    const row = /^_index = (\d+)$/.exec(predicate ?? '')?.[1];
    if (analysis === 'explain' && row !== undefined) return whyRow(Number(row));
    if (analysis === 'explain') return explain(predicate === null ? 1 : 0.5);
    if (analysis === 'fairness') return fairness(['Female', 'Male'], [0.11, 0.42]);
    const own = makeDocument(wish).sections.find((s) => s.id === analysis);
    return (
      own ?? {
        id: analysis,
        title: `Made ${analysis}`,
        question: '',
        notes: [{ level: 'finding', code: 'x', text: `Made of ${n} rows.` }],
        estimates: [],
        tables: [],
        blocks: [],
      }
    );
  };
  const whyRow = (index: number): Section => ({
    id: 'explain',
    title: 'Explanations',
    question: '',
    notes: [],
    estimates: [],
    tables: [
      {
        id: `row_${index}`,
        title: 'Steps',
        columns: [
          text('step', ['Base', 'age', 'married']),
          number('by', [0.3, score(rowAt(index)) - 0.4, 0.1]),
        ],
      },
    ],
    blocks: [
      // As the program answers: the row's own figure stands among those of the section.
      {
        id: 'steps_of_all',
        title: 'What moves the rows asked for',
        says: 'Mean steps.',
        table: `row_${index}`,
        kind: 'bars',
        label: 'step',
        value: 'by',
        axis: { title: 'Mean step', scale: 'linear' },
      },
      {
        id: `row_${index}`,
        title: `Why row ${index}`,
        says: 'Steps from the base.',
        table: `row_${index}`,
        kind: 'waterfall',
        label: 'step',
        value: 'by',
      },
    ],
  });
  const whatIf = (index: number, set: Row): Section => {
    const [before, after] = [score(rowAt(index)), score({ ...rowAt(index), ...set })];
    return {
      id: 'what_if',
      title: 'What if',
      question: '',
      notes: [
        {
          level: 'finding',
          code: 'what_if',
          text: `The probability goes from ${before.toFixed(2)} to ${after.toFixed(2)}.`,
        },
      ],
      estimates: [],
      tables: [],
      blocks: [],
    };
  };
  const found = (index: number): Section => ({
    id: 'counterfactuals',
    title: 'Counterfactuals',
    question: '',
    notes: [{ level: 'finding', code: 'found', text: `Two ways to another prediction for row ${index}.` }],
    estimates: [],
    tables: [
      {
        id: `row_${index}`,
        title: 'Found',
        columns: [
          text('feature', ['prediction', 'cost', 'age', 'married', 'sex']),
          text('present', ['no (0.20)', '', '30', 'no', 'Male']),
          { ...text('counterfactual_1', ['yes (0.55)', '0.4', '60', '·', '·']), title: 'Counterfactual 1' },
          { ...text('counterfactual_2', ['yes (0.61)', '1.0', '·', 'yes', '·']), title: 'Counterfactual 2' },
        ],
      },
    ],
    blocks: [
      {
        id: `row_${index}`,
        title: 'Smallest changes',
        says: 'Nearest first.',
        table: `row_${index}`,
        kind: 'table',
      },
    ],
  });
  const startJob = (section: Section, keep: { analysis: string; predicate: string | null } | null): Job => {
    const job = String(jobs.size + 1);
    jobs.set(job, {
      job: { job, status: 'running', progress: { what: 'rows looked at', done: 0, of: 3 } },
      polls: 0,
      section,
    });
    if (keep) kept.push({ job, ...keep, section });
    return { job, status: 'running', progress: { what: 'rows looked at', done: 0, of: 3 } };
  };

  const answer = (request: IncomingMessage, url: URL, body: Record<string, unknown>): [number, unknown] => {
    const method = request.method ?? 'GET';
    const path = url.pathname
      .slice(`${baseOf(url)}/v1/`.length)
      .split('/')
      .map(decodeURIComponent);
    const predicate = (body.predicate as string | null | undefined) ?? null;
    if (path[0] === 'assessments' && path.length === 1)
      return [
        200,
        [
          {
            id: '0',
            name: 'people',
            task: 'binary',
            n_rows: nRows,
            live: whyNotLive === null,
            why_not_live: whyNotLive,
          },
        ],
      ];
    if (path[0] === 'jobs' && path[2] === 'events')
      return [404, { error: { code: 'x', message: 'no events' } }];
    if (path[0] === 'jobs') {
      const known = jobs.get(path[1] ?? '');
      if (!known) return [404, { error: { code: 'unknown_job', message: `there is no job \`${path[1]}\`` } }];
      if (method === 'DELETE') {
        known.job.status = 'cancelled';
        return [204, null];
      }
      if (known.job.status === 'running' && ++known.polls > 2)
        known.job = { job: known.job.job, status: 'done', progress: DONE, section: known.section };
      return [200, known.job];
    }
    const rest = path.slice(2).join('/');
    if (rest === 'document') return [200, makeDocument(wish)];
    if (rest === 'columns') return [200, columns];
    if (rest === 'kept') return [200, kept];
    if (path[2] === 'kept' && method === 'DELETE') {
      const at = kept.findIndex((k) => k.job === path[3]);
      if (at < 0) return [404, { error: { code: 'not_found', message: 'there is no such answer' } }];
      kept.splice(at, 1);
      return [204, null];
    }
    if (rest === 'pins' && method === 'GET') return [200, pins];
    if (rest === 'pins') {
      const added = {
        pin: nextPin++,
        row: Number(body.row),
        set: body.set,
        says: (body.says as string | undefined) ?? null,
      };
      pins.push(added);
      return [201, added];
    }
    if (path[2] === 'pins' && method === 'DELETE') {
      pins.splice(
        pins.findIndex((p) => String(p.pin) === path[3]),
        1,
      );
      return [204, null];
    }
    if (rest === 'count') return [200, count(predicate)];
    if (rest === 'cohorts' && method === 'GET') return [200, cohorts];
    if (rest === 'cohorts') {
      const name = String(body.name);
      if (cohorts.some((c) => c.name === name))
        return [
          409,
          {
            error: {
              code: 'name_taken',
              message: `there is a cohort \`${name}\` already`,
              hint: 'take another name',
            },
          },
        ];
      const added = {
        name,
        predicate: String(body.predicate),
        n: matching(String(body.predicate)).length,
        source: 'saved',
      };
      cohorts.push(added);
      return [201, added];
    }
    if (path[2] === 'cohorts' && method === 'DELETE') {
      cohorts.splice(
        cohorts.findIndex((c) => c.name === path[3]),
        1,
      );
      return [204, null];
    }
    if (rest === 'rows') return [200, rows(url.searchParams)];
    if (rest === 'predict') {
      const asked = body.rows as Row[];
      return [
        200,
        {
          predictions: asked.map((row) => ({
            predicted: score(row) >= 0.5 ? 'yes' : 'no',
            probability: [1 - score(row), score(row)],
            value: null,
          })),
        },
      ];
    }
    if (rest === 'what-if' && Object.keys(body.set as Row).length === 0)
      return [422, { error: { code: 'analysis', message: 'nothing is changed' } }];
    if (rest === 'what-if' && body.keep === true)
      kept.push({
        job: `k${kept.length}`,
        analysis: 'what_if',
        predicate: null,
        section: whatIf(Number(body.row), body.set as Row),
      });
    if (rest === 'what-if')
      return [
        200,
        {
          job: '0',
          status: 'done',
          progress: DONE,
          section: whatIf(Number(body.row), (body.set ?? {}) as Row),
        },
      ];
    if (rest === 'counterfactuals') {
      const keep = body.keep === true ? { analysis: 'counterfactuals', predicate: null } : null;
      return [202, startJob(found(Number(body.row)), keep)];
    }
    if (rest === 'sections') {
      const analysis = String(body.analysis);
      const broken = faults.get(analysis);
      if (broken) throw new Fault(broken);
      const section = sectionFor(analysis, predicate, (body.params ?? {}) as Record<string, unknown>);
      if (analysis === 'causal') return [202, startJob(section, null)];
      if (body.keep === true) kept.push({ job: `k${kept.length}`, analysis, predicate, section });
      return [200, { job: '0', status: 'done', progress: DONE, section }];
    }
    return [404, { error: { code: 'not_found', message: `there is no \`${rest}\`` } }];
  };
  const rows = (query: URLSearchParams): object => {
    const predicate = query.get('predicate');
    const offset = Number(query.get('offset'));
    const names = (query.get('columns') ?? columns.map((c) => c.name).join(',')).split(',');
    const chosen = predicate ? matching(predicate) : null;
    const n = chosen ? chosen.length : nRows;
    const sort = query.get('sort');
    if (chosen && sort) chosen.sort((a, b) => Number(rowAt(a)[sort] ?? 0) - Number(rowAt(b)[sort] ?? 0));
    const indices = Array.from(
      { length: Math.max(0, Math.min(Number(query.get('limit')), n - offset)) },
      (_, i) => (chosen ? (chosen[offset + i] ?? 0) : offset + i),
    );
    return {
      n,
      offset,
      columns: names,
      rows: indices.map((i) => names.map((name): Value => rowAt(i)[name] ?? null)),
    };
  };

  /** Tells of a job in three steps, cut where no reader expects it. */
  const stream = (response: ServerResponse, name: string): void => {
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    let step = 0;
    const timer = setInterval(() => {
      const known = jobs.get(name);
      step += 1;
      if (!known || response.destroyed) return clearInterval(timer);
      if (known.job.status === 'running')
        known.job =
          step < 4
            ? { ...known.job, progress: { what: 'rows looked at', done: step, of: 4 } }
            : { job: name, status: 'done', progress: DONE, section: known.section };
      const event = `data: ${JSON.stringify(known.job)}\n\n`;
      response.write(event.slice(0, 9));
      response.write(event.slice(9));
      if (known.job.status === 'running') return undefined;
      clearInterval(timer);
      return void response.end();
    }, 120);
  };

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    if (isGone) {
      request.socket.destroy();
      return;
    }
    // Behind its prefix the page comes with the token; at the root only where the address holds it.
    const isRoot = url.pathname === '/';
    if (isRoot || url.pathname === `${BASE}/`) {
      const known = isRoot && url.searchParams.get('token') !== token ? '' : token;
      response
        .writeHead(known ? 200 : 401, { 'Content-Type': 'text/html; charset=utf-8' })
        .end(pageWith('equipoise-config', { base: baseOf(url), token: known }));
      return;
    }
    requests.push(`${request.method} ${url.pathname.slice(baseOf(url).length)}`);
    let [status, said]: [number, unknown] = [
      401,
      { error: { code: 'no_token', message: 'the token is wrong' } },
    ];
    if (slow > 0) await new Promise((done) => setTimeout(done, slow));
    const isMine = request.headers.authorization === `Bearer ${token}`;
    const streamed = /\/v1\/jobs\/([^/]+)\/events$/.exec(url.pathname)?.[1];
    if (isMine && hasEvents && streamed !== undefined) {
      stream(response, streamed);
      return;
    }
    if (isMine) {
      const fault = [...faults].find(([about]) => url.pathname.endsWith(`/${about}`))?.[1];
      if (fault) {
        response.writeHead(fault.status, { 'Content-Type': 'application/json' }).end(fault.body);
        return;
      }
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const raw = Buffer.concat(chunks).toString();
      try {
        [status, said] = answer(request, url, raw ? (JSON.parse(raw) as Record<string, unknown>) : {});
      } catch (fault) {
        if (fault instanceof Fault) {
          response.writeHead(fault.answer.status, { 'Content-Type': 'text/html' }).end(fault.answer.body);
          return;
        }
        if (!(fault instanceof Wrong)) throw fault;
        [status, said] = [
          422,
          { error: { code: 'predicate', message: fault.message, hint: 'the nearest name is `age`' } },
        ];
      }
    }
    response
      .writeHead(status, { 'Content-Type': 'application/json' })
      .end(status === 204 ? undefined : JSON.stringify(said));
  };
  const server: Server = createServer((request, response) => {
    handle(request, response).catch((fault: unknown) => {
      // A page that goes away in the middle of its question is no fault.
      if (!request.destroyed && !response.destroyed) throw fault;
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}${BASE}/`,
    root: `http://127.0.0.1:${port}/`,
    token,
    requests,
    setToken: (next) => {
      token = next;
    },
    setFault: (about, fault) => {
      if (fault) faults.set(about, fault);
      else faults.delete(about);
    },
    setSlow: (ms) => {
      slow = ms;
    },
    setNotLive: (why) => {
      whyNotLive = why;
    },
    setEvents: (has) => {
      hasEvents = has;
    },
    setGone: (gone) => {
      isGone = gone;
      if (gone) server.closeAllConnections();
    },
    close: () =>
      new Promise((done) => {
        server.closeAllConnections();
        server.close(() => done());
      }),
  };
}
