/** Input that is broken, odd or huge, and a server that comes and goes. */
import { describe, expect, it } from 'vitest';
import { desk, hasBrowser, tooWide } from './desk';
import { makeDocument } from './sample';

describe.skipIf(!hasBrowser)('bad input', () => {
  const { open, blank, live, fixed, raw, view } = desk();

  it('a server that goes away is missed, and found again', async () => {
    const server = await live();
    const page = await open(server.url);
    server.setGone(true);
    await page.goto(`${server.url}#/fairness?cohort=young`).catch(() => undefined);
    await page.evaluate(() => (window.location.hash = '#/fairness?cohort=young'));
    await page.getByText('The server does not answer').waitFor();
    server.setGone(false);
    await page.getByText('The server does not answer').waitFor({ state: 'detached' });
    await page.getByText('Computed on the').waitFor();
  });

  it('500 columns, 10,000 categories and long names are legible', async () => {
    const long = 'a name that goes on and on '.repeat(12);
    const url = fixed([makeDocument({ columns: 500, categories: 10_000, label: (i) => `${long}${i}` })]);
    const start = Date.now();
    const page = await open(`${url}#/data`);
    await page.getByText('9960 more are in the table').waitFor();
    expect(Date.now() - start).toBeLessThan(10_000);
    await page.getByRole('combobox', { name: 'Column' }).fill('column 499');
    await page.getByRole('option', { name: 'column 499' }).click();
    await page.getByRole('heading', { name: 'Distribution of column 499' }).waitFor();
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    expect(wide).toBe(0);
  });

  it('a broken document says what is broken; what is whole is shown', async () => {
    const broken = makeDocument() as unknown as { sections: unknown[] };
    broken.sections.push(
      { title: 'no id' },
      {
        id: 'future',
        title: 'Future',
        blocks: [{ id: 'b', title: 'A new picture', says: '', kind: 'hologram', table: 't' }],
        tables: [{ id: 't', title: 'T', columns: [{ id: 'c', title: 'C', type: 'text', values: ['kept'] }] }],
      },
    );
    const url = fixed([broken]);
    const page = await open(url);
    await page.getByText('Parts of the document could not be read').waitFor();
    await view('Future');
    await page.getByRole('rowheader', { name: 'kept' }).waitFor();
    await page.goto(raw('not a list'));
    await page.getByText('the documents in the page are not a JSON list').waitFor();
  });

  it('a server that comes back with another token says how to go on', async () => {
    const server = await live();
    const page = await open(`${server.root}?token=${server.token}`);
    server.setToken('another');
    await page.reload();
    await page.getByText('the token is wrong').waitFor();
    await page.goto(`${server.root}?token=another`);
    await page.getByRole('heading', { level: 2, name: 'Overview' }).waitFor();
  });

  it('an analysis that fails says why, and can be tried again', async () => {
    const server = await live();
    server.setFault('errors', {
      status: 422,
      body: '{"error":{"code":"analysis","message":"no rows are left"}}',
    });
    const page = await open(`${server.url}#/errors?where=${encodeURIComponent('age > 30')}`);
    await page.getByText('no rows are left').waitFor();
    server.setFault('errors', null);
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByText('Computed on the').waitFor();
    // A proxy that answers with a page of its own.
    server.setFault('fairness', { status: 502, body: '<html>Bad gateway</html>' });
    await page.goto(`${server.url}#/fairness?where=${encodeURIComponent('age > 30')}`);
    await page.getByText('the server answered 502').waitFor();
    await view('Performance');
    await page.getByText('Computed on the').waitFor();
  });

  it('a document that is no JSON, or half of one, leaves the page whole', async () => {
    const server = await live();
    for (const body of ['{"schema_version": "1.0", "sections": [', '[]', '{"sections": 7}', 'null']) {
      server.setFault('document', { status: 200, body });
      const page = await blank();
      await page.goto(server.url);
      await page.getByRole('alert').first().waitFor();
      await page.getByRole('button', { name: 'Settings' }).waitFor();
      await page.context().close();
    }
  });

  it('sections of nonsense are shown as far as they go', async () => {
    const nonsense = makeDocument() as unknown as { sections: Record<string, unknown>[]; artifacts: unknown };
    nonsense.artifacts = 'none';
    for (const section of nonsense.sections) {
      section.notes = [{ level: 'shout', text: 7 }, null];
      section.estimates = [{ id: 'x' }, 3, { id: 'performance.accuracy', value: 'much', interval: [1] }];
      for (const block of section.blocks as Record<string, unknown>[]) {
        block.table = 'nowhere';
        block.value = 7;
      }
    }
    const page = await open(fixed([nonsense]));
    for (const name of ['Performance', 'Fairness', 'Error analysis', 'Data explorer', 'Feature importance']) {
      await view(name);
      await page.getByRole('heading', { level: 2 }).first().waitFor();
    }
    await view('Provenance');
    await page.getByRole('heading', { level: 2, name: 'Provenance' }).waitFor();
  });

  it('rows whose file is gone: the document is shown, questions say what is missing', async () => {
    const server = await live();
    server.setNotLive('the data `people.csv` is not here any more');
    const page = await open(server.url);
    await page.getByText('people.csv').first().waitFor();
    await view('Counterfactuals');
    await page.getByText('This needs the live server').first().waitFor();
    await view('Performance');
    await page.getByRole('img', { name: 'Confusion matrix' }).waitFor();
    expect(server.requests.filter((r) => /count|rows|sections/.test(r))).toEqual([]);
  });

  it('live, 500 columns and a column of 10,000 names can be filtered and changed', async () => {
    const server = await live(2000, { columns: 500, categories: 10_000 });
    const page = await open(server.url);
    await page.getByRole('button', { name: 'New cohort' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('combobox', { name: 'Column' }).fill('many');
    await page.getByRole('option', { name: 'many', exact: true }).click();
    await dialog.getByRole('searchbox').first().fill('name 9999');
    await dialog.getByRole('checkbox', { name: 'name 9999', exact: true }).check();
    await dialog.getByRole('button', { name: 'Use', exact: true }).click();
    await expect.poll(() => page.url()).toContain('name+9999');
    await page.goto(`${server.url}#/counterfactuals?row=3`);
    await page.getByRole('searchbox', { name: 'Search' }).fill('column 499');
    await page.getByLabel('column 499', { exact: true }).fill('7');
    await page.getByText('Changed', { exact: true }).waitFor();
    expect(await tooWide(page)).toBe(0);
  });

  it('names of any script and sign stand in every view as they are', async () => {
    const odd = 'عمود <b>&amp;</b> "x" \u202eabc [a,b]{c} 😀';
    const text = JSON.stringify(makeDocument({ causal: true })).replaceAll(
      'married',
      JSON.stringify(odd).slice(1, -1),
    );
    const page = await open(fixed([JSON.parse(text)]));
    for (const name of ['Error analysis', 'Feature importance', 'Causal', 'Fairness']) {
      await view(name);
      await page.getByRole('heading', { level: 2 }).first().waitFor();
      expect([name, await tooWide(page)]).toEqual([name, 0]);
    }
    await view('Feature importance');
    await page.getByRole('button', { name: /^Table: What drives/ }).click();
    await page.getByRole('rowheader', { name: odd }).waitFor();
    expect(await page.locator('main b').count()).toBe(0);
  });
});
