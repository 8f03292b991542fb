import { describe, expect, it } from 'vitest';
import { readEmbedding } from '../src/api/embedded';
import { pairsOf, sideBySide } from '../src/document/compare';
import { csvOf } from '../src/document/csv';
import { fitting, styleOf, valueText } from '../src/document/format';
import { parseId, parsePart } from '../src/document/ids';
import { frameOf, lookAt } from '../src/document/look';
import { sqlOf } from '../src/document/predicate';
import { readDocument } from '../src/document/read';
import { headlines, inReadingOrder, nameOf } from '../src/document/words';
import { plainly } from '../src/i18n/glossary';
import { formatHash, parseHash } from '../src/state/route';
import { makeDocument, share } from './sample';

describe('ids', () => {
  it('are taken apart, quotes included', () => {
    expect(parseId('fairness.selection_rate.difference[sex,race]{young}')).toEqual({
      section: 'fairness',
      metric: 'selection_rate',
      aggregate: 'difference',
      columns: [
        { column: 'sex', group: null },
        { column: 'race', group: null },
      ],
      cohort: 'young',
    });
    expect(parseId('a.b[job="Sales, \\"retail\\""]')?.columns).toEqual([
      { column: 'job', group: 'Sales, "retail"' },
    ]);
    for (const wrong of ['accuracy', 'a.b[c', 'a.b.c.d', 'a.b{c', '']) expect(parseId(wrong)).toBeNull();
  });

  it('of tables tell what they are by', () => {
    expect(parsePart('by_group[sex,race]{part time}')).toEqual({
      stem: 'by_group',
      by: 'sex,race',
      cohort: 'part time',
    });
    expect(parsePart('roc')).toEqual({ stem: 'roc', by: null, cohort: null });
  });

  it('read as words', () => {
    expect(nameOf('performance.roc_auc')).toBe('ROC AUC');
    expect(nameOf('fairness.selection_rate.difference[sex,race]')).toBe(
      'Selection rate, difference by sex and race',
    );
    expect(nameOf('fairness.recall.group_min[sex]')).toBe('Recall, lowest group by sex');
  });
});

describe('numbers', () => {
  it('have the digits that their interval is worth', () => {
    expect(valueText(share('a.accuracy', 0.87187))).toBe('87.2\u00a0%');
    expect(valueText(share('a.rate.difference[sex]', -0.1764))).toBe('−17.6\u00a0pp');
    expect(valueText(share('a.accuracy', null))).toBe('–');
    expect(fitting({ sign: 'p' }, []).full(0.00002)).toBe('< 0.001');
    expect(fitting({ sign: 'rows' }, []).full(16281)).toBe('16,281');
    expect(fitting({ sign: 'plain' }, [[-0.0004, null]]).full(-0)).toBe('0.000000');
  });

  it('of unlike units in one column keep their own units', () => {
    const section = makeDocument().sections[0];
    const table = section?.tables.find((t) => t.id === 'metrics');
    if (!section || !table) throw new Error('the sample changed');
    const value = frameOf(lookAt(section), table).column('value');
    expect([value?.label(0), value?.label(1)]).toEqual(['88.0\u00a0%', '0.310\u00a0nats']);
  });

  it('of estimates without a value are missing, never zero', () => {
    expect(styleOf(share('a.b', null)).bare(Number.NaN)).toBe('–');
  });
});

describe('a document from outside', () => {
  it('that is broken is refused with a reason', () => {
    expect(readDocument(null)).toEqual({ document: null, problems: ['the document is not an object'] });
    expect(readDocument({ schema_version: '1.0' }).problems).toEqual(['the document has no `sections`']);
  });

  it('that is partly broken is read as far as it goes', () => {
    const { document, problems } = readDocument({
      schema_version: '9.0',
      sections: [
        { title: 'no id' },
        {
          id: 'x',
          tables: [
            { id: 't' },
            {
              id: 'u',
              columns: [
                { id: 'c', values: [1, 2] },
                { id: 'd', values: [1] },
              ],
            },
          ],
          estimates: [{ id: 'x.y', value: 'NaN' }],
        },
      ],
    });
    expect(document?.sections.map((s) => s.id)).toEqual(['x']);
    expect(document?.sections[0]?.tables[0]?.columns[1]?.values).toEqual([1, null]);
    expect(document?.sections[0]?.estimates[0]?.value).toBeNull();
    expect(problems).toHaveLength(3);
  });

  it('comes with the page or from a server', () => {
    expect(
      readEmbedding('', '[{"id":"0","name":"a","document":{"schema_version":"1.0","sections":[]}}]'),
    ).toMatchObject({ mode: 'static', documents: [{ id: '0', name: 'a' }] });
    expect(readEmbedding('{"base":"/p/","token":"t"}', '')).toEqual({
      mode: 'live',
      config: { base: '/p', token: 't' },
    });
    expect(readEmbedding('', '{')).toMatchObject({
      problems: ['the documents in the page are not a JSON list'],
    });
    expect(readEmbedding('', '[{"name":"a","document":7}]')).toMatchObject({
      documents: [],
      problems: ['a: the document is not an object'],
    });
  });
});

describe('filters built by clicking', () => {
  it('become predicates', () => {
    const rule = { column: 'age', operator: '<' as const, values: ['30'], isNumber: true };
    const names = { column: 'Job title', operator: 'in' as const, values: ["O'Neil", 'b'], isNumber: false };
    expect(sqlOf({ match: 'all', parts: [rule, names] })).toBe(
      `age < 30 AND "Job title" IN ('O''Neil', 'b')`,
    );
    expect(sqlOf({ match: 'none', parts: [rule] })).toBe('NOT (age < 30)');
    expect(
      sqlOf({
        match: 'all',
        parts: [rule, { match: 'any', parts: [names, { ...rule, operator: 'missing' }] }],
      }),
    ).toBe(`age < 30 AND ("Job title" IN ('O''Neil', 'b') OR age IS NULL)`);
    expect(sqlOf({ match: 'all', parts: [{ ...rule, values: ['x; drop'] }] })).toBeNull();
  });
});

describe('addresses', () => {
  it('come back as they were', () => {
    const route = {
      view: 'fairness',
      assessment: '1',
      cohort: null,
      where: `"a" = 'b&c' and d < 3`,
      options: { metric: 'f1' },
    };
    expect(parseHash(formatHash(route))).toEqual(route);
    expect(parseHash('#/%E0%A4%A').view).toBe('overview');
  });
});

describe('what is said', () => {
  it('comes worst first', () => {
    const notes = (['info', 'finding', 'failure', 'concern'] as const).map((level) => ({
      level,
      code: '',
      text: '',
    }));
    expect(inReadingOrder(notes).map((n) => n.level)).toEqual(['concern', 'failure', 'finding', 'info']);
  });

  it('is shorter in plain language', () => {
    expect(plainly('Error rate is 23.3 % among rows (7,403 rows); overall it is 12.8 % (p below 0.1).')).toBe(
      'Error rate is 23.3 % among rows. Overall it is 12.8 %.',
    );
  });

  it('begins with the numbers that findings speak of', () => {
    const fairness = makeDocument().sections.find((s) => s.id === 'fairness');
    expect(fairness && headlines(fairness, 2).map((e) => e.id)).toEqual([
      'fairness.selection_rate.difference[sex]',
      'fairness.selection_rate',
    ]);
  });
});

describe('comparisons', () => {
  it('pair numbers of the same id and unit', () => {
    const [a, b] = [makeDocument(), makeDocument()];
    b.sections[0]?.estimates.splice(0, 1, share('performance.accuracy', 0.7));
    const first = pairsOf(a, b)[0];
    expect([first?.id, first?.isApart]).toEqual(['performance.accuracy', true]);
    expect(first?.difference).toBeCloseTo(-0.18);
  });

  it('put cohorts side by side', () => {
    const section = makeDocument().sections[0];
    if (!section) throw new Error('the sample changed');
    const { table } = sideBySide([
      { name: 'all', section, within: null },
      { name: 'young', section, within: 'young' },
    ]);
    expect(table.columns[0]?.values).toEqual(['Accuracy']);
  });
});

describe('files', () => {
  it('hold intervals in columns of their own', () => {
    const section = makeDocument().sections.find((s) => s.id === 'fairness');
    const table = section?.tables.find((t) => t.id === 'criteria[sex]');
    if (!section || !table) throw new Error('the sample changed');
    const [head, line] = csvOf(frameOf(lookAt(section), table)).split('\r\n');
    expect(head).toBe(
      'criterion,difference,difference_low,difference_high,difference_n,difference_small,difference_missing,ratio,ratio_low,ratio_high,ratio_n,ratio_small,ratio_missing',
    );
    expect(line).toBe(
      'demographic_parity,0.17,0.15000000000000002,0.19,1000,false,,,,,1000,false,zero_denominator',
    );
  });
});
