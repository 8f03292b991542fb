/** What people do, in a real browser. */
import { describe, expect, it } from 'vitest';
import { pageWith } from '../scripts/browser.mjs';
import { desk, hasBrowser, violations } from './desk';
import { makeDocument } from './sample';

describe.skipIf(!hasBrowser)('in a browser', () => {
  const { open, blank, live, fixed, view } = desk();

  it('from the worst slice to a saved cohort, fairness, a row, what if, and a file', async () => {
    const server = await live();
    const page = await open(server.url);
    await expect.poll(() => page.title()).toContain('people');
    await view('Error analysis');
    const facts = page.getByRole('complementary', { name: 'Node' });
    await facts.getByText('married = yes and age > 30').waitFor();
    await facts.getByRole('button', { name: /Use as cohort/ }).click();
    const bar = page.getByRole('region', { name: 'Cohort' });
    await bar.getByText('"married" = \'yes\' and "age" > 30').waitFor();
    await bar.getByLabel('Name of the cohort').fill('young');
    await bar.getByRole('button', { name: 'Save as cohort' }).click();
    await bar.getByText('there is a cohort `young` already'.replaceAll('`', '')).waitFor();
    await bar.getByLabel('Name of the cohort').fill('worst');
    await bar.getByRole('button', { name: 'Save as cohort' }).click();
    await expect.poll(() => page.url()).toContain('cohort=worst');
    expect(server.requests).toContain('POST /v1/assessments/0/cohorts');

    await view('Fairness');
    await page.getByText('Computed on the').waitFor();
    await page
      .getByText(/11\.0\s%.*42\.0\s%/)
      .first()
      .waitFor();
    await page.getByLabel('Metric').first().selectOption('accuracy');
    await expect.poll(() => page.url()).toContain('metric=accuracy');

    await view('Counterfactuals & what-if');
    await page
      .getByRole('button', { name: /^Row \d+$/ })
      .first()
      .click();
    await page.getByRole('heading', { name: /Why row/ }).waitFor();
    await page.getByText('As it is').waitFor();
    await page.getByLabel('age', { exact: true }).fill('20');
    await page.getByText('Changed', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Explain the change' }).click();
    await page.getByText(/The probability goes from/).waitFor();
    await page.getByRole('button', { name: 'Pin', exact: true }).click();
    await page.getByRole('heading', { name: 'Pinned' }).waitFor();
    await page.getByText('age = 20').first().waitFor();
    await page.getByRole('button', { name: 'Generate' }).click();
    await page.getByText(/Two ways to another prediction/).waitFor();

    await page
      .getByRole('button', { name: /^Download Why row/ })
      .first()
      .click();
    const download = page.waitForEvent('download');
    await page.getByRole('menuitem', { name: 'Picture (SVG)' }).click();
    expect((await download).suggestedFilename()).toMatch(/^Why-row-\d+\.svg$/);
  });

  it('a cohort by clicking, its size while it is built, and its removal', async () => {
    const server = await live();
    const page = await open(server.url);
    await page.getByRole('button', { name: 'New cohort' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('age Value').fill('30');
    await dialog.getByText(/error rate/i).waitFor();
    expect(await violations(page)).toEqual([]);
    await dialog.getByRole('button', { name: 'By writing' }).click();
    await dialog.getByRole('textbox').fill('agee < 30');
    await dialog.getByText('is not in the dataset').waitFor();
    await dialog.getByRole('textbox').fill("age < 30 AND sex IN ('Female')");
    await dialog.getByRole('button', { name: 'Use', exact: true }).click();
    const bar = page.getByRole('region', { name: 'Cohort' });
    await bar.getByLabel('Name of the cohort').fill('young women');
    await bar.getByRole('button', { name: 'Save as cohort' }).click();
    await bar.getByRole('button', { name: 'Delete' }).click();
    await expect.poll(() => page.url()).not.toContain('cohort=');
  });

  it('long work shows its progress, can be cancelled, and is kept', async () => {
    const server = await live();
    const page = await open(server.url);
    await view('Causal');
    await page.getByRole('button', { name: 'Run this analysis' }).click();
    await page.getByText('rows looked at').waitFor();
    await page.getByRole('button', { name: 'Cancel' }).click();
    await expect.poll(() => server.requests.some((r) => r.startsWith('DELETE /v1/jobs/'))).toBe(true);
    await page.getByRole('button', { name: 'Run this analysis' }).click();
    // It goes on while something else is looked at.
    await view('Provenance');
    await page.getByRole('heading', { level: 2, name: 'Provenance' }).waitFor();
    const stopped = server.requests.filter((r) => r.startsWith('DELETE')).length;
    await view('Causal');
    await page.getByRole('heading', { name: 'Made causal' }).waitFor();
    expect(server.requests.filter((r) => r.startsWith('DELETE'))).toHaveLength(stopped);
    await page.goto(`${server.url}#/performance?cohort=young`);
    await page.getByRole('button', { name: 'Keep this result' }).click();
    await page.getByText('Kept with the assessment').waitFor();
    await page.reload();
    await page.getByRole('heading', { name: 'Kept results' }).waitFor();
  });

  it('numbers of other rows never stand in for those that are on their way', async () => {
    const server = await live();
    const page = await open(`${server.url}#/performance`);
    const bar = page.getByRole('region', { name: 'Cohort' });
    await bar.getByText('2,000 rows').waitFor();
    server.setSlow(800);
    await page.goto(`${server.url}#/performance?cohort=young`);
    await bar.getByText('Counting…').waitFor();
    expect(await bar.getByText('2,000').count()).toBe(0);
    expect(await page.getByRole('img', { name: 'Confusion matrix' }).count()).toBe(0);
    // Meanwhile the frame answers.
    await view('Provenance');
    await page.getByRole('heading', { level: 2, name: 'Provenance' }).waitFor();
    await bar.getByText('of all rows').waitFor();
  });

  it('a million rows are scrolled through', async () => {
    const server = await live(1_000_000);
    const page = await open(`${server.url}#/counterfactuals`);
    await page.getByText('Rows 1 to 300,000 of 1,000,000').waitFor();
    const table = page.getByRole('region', { name: 'Rows', exact: true });
    await table.evaluate((element) => element.scrollTo({ top: 4_000_000 }));
    await page
      .getByRole('button', { name: /^Row 117[56]\d\d$/ })
      .first()
      .waitFor();
    await page.getByRole('button', { name: 'Later rows' }).click();
    await page.getByText('Rows 300,001 to 600,000 of 1,000,000').waitFor();
  });

  it('pins and kept answers are found again by whoever opens the assessment', async () => {
    const server = await live();
    const page = await open(`${server.url}#/counterfactuals?row=3`);
    await page.getByRole('button', { name: 'Generate' }).click();
    await page.getByRole('button', { name: 'Pin: Counterfactual 2' }).click();
    const pins = page.getByRole('region', { name: 'Pinned' });
    await pins.getByText('married = yes').waitFor();
    await pins.getByText('yes (0.61)').waitFor();
    await page.getByRole('button', { name: 'Use: Counterfactual 1' }).click();
    expect(await page.getByLabel('age', { exact: true }).inputValue()).toBe('60');
    await page.getByRole('button', { name: 'Pin', exact: true }).click();
    await pins.getByText('age = 60').waitFor();
    await page.getByRole('button', { name: 'Explain the change' }).click();
    await page.getByRole('button', { name: 'Keep this result' }).first().click();
    await page.getByRole('button', { name: 'Kept with the assessment' }).first().waitFor();

    // Somebody else, in another browser, at another row.
    const other = await open(`${server.url}#/counterfactuals?row=5`);
    await other.getByRole('button', { name: 'Use: age = 60' }).click();
    await other.getByRole('heading', { name: 'Row 3', exact: true }).waitFor();
    await expect.poll(() => other.getByLabel('age', { exact: true }).inputValue()).toBe('60');
    await other.getByRole('heading', { name: 'Kept results' }).waitFor();
    await other.getByRole('button', { name: 'Unpin: age = 60' }).click();
    await other.getByRole('button', { name: 'Unpin: age = 60' }).waitFor({ state: 'detached' });
    expect(server.requests).toContain('DELETE /v1/assessments/0/pins/1');
  });

  it.each([true, false])('long work is followed, by its events: %s', async (hasEvents) => {
    const server = await live();
    server.setEvents(hasEvents);
    const page = await open(`${server.url}#/counterfactuals?row=3`);
    await page.getByRole('button', { name: 'Generate' }).click();
    await page.getByText('rows looked at').waitFor();
    await page.getByText(/Two ways to another prediction/).waitFor();
    const polls = server.requests.filter((r) => /^GET \/v1\/jobs\/\d+$/.test(r)).length;
    expect(polls > 0).toBe(!hasEvents);
  });

  it('a link holds no token, and opens where the token is known', async () => {
    const server = await live();
    const page = await open(`${server.root}?token=${server.token}#/fairness?metric=accuracy`);
    expect(page.url()).toBe(`${server.root}#/fairness?metric=accuracy`);
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await page.getByRole('button', { name: 'Copy link' }).click();
    const copied = await page.evaluate(() => navigator.clipboard.readText());
    expect(copied).toBe(`${server.root}#/fairness?metric=accuracy`);
    const tab = await page.context().newPage();
    await tab.goto(copied);
    await tab.getByRole('heading', { level: 2, name: 'Fairness' }).waitFor();
    await page.reload();
    await page.getByRole('heading', { level: 2, name: 'Fairness' }).waitFor();
    // A browser that never had the token sees no result.
    const stranger = await blank();
    await stranger.goto(copied);
    await stranger.getByText('This address holds no token').waitFor();
    await stranger.getByText('the token is wrong').waitFor();
    expect(await stranger.getByRole('heading', { level: 2 }).count()).toBe(0);
  });

  it('importance is compared by cohort, a feature and any row looked at', async () => {
    const server = await live();
    const page = await open(`${server.url}#/explain`);
    const cohorts = page.getByRole('img', { name: 'Importance by cohort' });
    await cohorts.getByText('young').waitFor();
    await page.goto(`${server.url}#/explain?where=${encodeURIComponent('age > 60')}`);
    await cohorts.getByText('unsaved').waitFor();
    await page.goto(`${server.url}#/explain`);
    await page.getByRole('img', { name: 'What drives the predictions?' }).focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.getByRole('img', { name: 'What would the model say at other values? · age' }).waitFor();
    await page.getByRole('img', { name: 'How does each number act? · age' }).waitFor();
    await page.getByRole('combobox', { name: 'Feature' }).selectOption('sex');
    await page.getByText('The document holds no curves of this feature').waitFor();
    await page.getByRole('link', { name: 'One row' }).click();
    await page.getByRole('img', { name: 'Why row 7' }).waitFor();
    await page.getByLabel('Any other row').fill('123');
    await page.getByRole('button', { name: 'Explain', exact: true }).click();
    await page.getByRole('img', { name: 'Why row 123' }).waitFor();
    await page.getByRole('link', { name: 'Change row 123' }).click();
    await page.getByRole('img', { name: 'Why row 123' }).waitFor();
    expect(await page.getByRole('img', { name: 'What moves the rows asked for' }).count()).toBe(0);
    await page.getByLabel('age', { exact: true }).fill('20');
    await page.getByRole('img', { name: 'Along one feature: age' }).waitFor();
  });

  it('effects are asked about a row, and drawn as a rule and a contour', async () => {
    const server = await live(2000, { causal: true });
    const page = await open(`${server.url}#/causal`);
    await page.getByRole('link', { name: 'What if, for a row' }).click();
    await page.getByLabel('Row', { exact: true }).fill('12');
    await page.getByLabel('if it were').selectOption('0');
    await page.getByRole('button', { name: 'Ask' }).click();
    await page.getByRole('img', { name: 'What if: sport' }).getByText('Row 12 → 0').waitFor();
    await page.getByRole('link', { name: 'Policy' }).click();
    await page.getByRole('img', { name: 'Policy: sport' }).getByText('→ sport = 1').waitFor();
    await page.getByRole('link', { name: 'Sensitivity' }).click();
    await page.getByText(/Left of the effect at worst: −0\.01/).waitFor();
    await page.getByRole('combobox', { name: 'Explains of the outcome' }).selectOption('0 %');
    await page.getByText(/Left of the effect at worst: 0\.05/).waitFor();
    expect(await page.locator('path.edge').count()).toBe(2);
  });

  it('charts are walked by keys and turn into tables', async () => {
    const page = await open(`${fixed([makeDocument()])}#/fairness`);
    const chart = page.getByRole('img', { name: /Selection rate · sex/ });
    await chart.focus();
    await page.keyboard.press('ArrowRight');
    await page
      .getByText(/^Female: 9\.0\s% \[7\.0, 11\.0\]/)
      .first()
      .waitFor();
    await page.getByRole('button', { name: /^Table: Selection rate · sex/ }).click();
    await page.getByRole('columnheader', { name: 'Accuracy' }).waitFor();
    await page.getByRole('slider', { name: 'Threshold' }).fill('0.3');
    await page.getByText(/nearest computed threshold, 30/).waitFor();
    expect(page.url()).toContain('threshold=0.3');
  });

  it('a file says what needs the server', async () => {
    const page = await open(`${fixed([makeDocument()])}#/performance?cohort=young`);
    await page.getByRole('heading', { name: 'What the document holds about “young”' }).waitFor();
    await page.getByText('to recompute the rest needs the live server').waitFor();
    await view('Counterfactuals');
    await page.getByText('This needs the live server').first().waitFor();
  });

  it('in a frame of another page, links stay in the frame', async () => {
    const inner = pageWith('equipoise-documents', [{ id: '0', name: 'framed', document: makeDocument() }]);
    const quoted = inner.replaceAll('&', '&amp;').replaceAll('"', '&quot;');
    const page = await blank();
    await page.setContent(
      `<h1>Notebook</h1><iframe sandbox="allow-scripts" srcdoc="${quoted}" width="1200" height="700">`,
    );
    const frame = page.frameLocator('iframe');
    await frame.getByRole('navigation').getByRole('link', { name: 'Error analysis' }).click();
    await frame.getByRole('heading', { level: 2, name: 'Error analysis' }).waitFor();
  });

  it('links in the page lead to the same view again', async () => {
    const url = fixed([makeDocument()]);
    const page = await open(`${url}#/fairness?metric=accuracy&cohort=young`);
    expect(await page.getByLabel('Metric').first().inputValue()).toBe('accuracy');
    expect(await page.getByRole('combobox', { name: 'Cohort' }).inputValue()).toBe('=young');
  });
});
