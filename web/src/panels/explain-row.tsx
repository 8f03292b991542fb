/** Why single rows are predicted so: those that the document explains, and with a server any other. */
import { useState, type ReactElement } from 'react';
import { frameOf, lookAt, type Column } from '../document/look';
import { count } from '../document/format';
import type { Block, Section } from '../generated/document';
import { useWords } from '../i18n';
import { setOption, useRoute, viewHref } from '../state/route';
import { useCurrent } from '../state/session';
import { NeedsLive, Picker, Problem, Working } from '../ui/controls';
import { BlockFigure } from '../ui/figure';
import { useWhy } from './why';

const numberOf = (block: Block): number | null => {
  const found = /^row_(\d+)$/.exec(block.id);
  return found ? Number(found[1]) : null;
};

/** A row to choose, its waterfall, and what is known of it. */
export function RowPart({ section }: { section: Section }): ReactElement {
  const t = useWords();
  const route = useRoute();
  const { isLive, info } = useCurrent();
  const explained = section.blocks.flatMap((block) => {
    const row = numberOf(block);
    return row === null ? [] : [{ row, block }];
  });
  const asked = route.options.why === undefined ? null : Number(route.options.why);
  const own = explained.find((e) => e.row === asked) ?? (asked === null ? explained[0] : undefined);
  const [text, setText] = useState(asked === null ? '' : String(asked));
  return (
    <section aria-label={t('part_row')}>
      <div className="controls">
        <h3>{t('part_row')}</h3>
        {explained.length > 0 && (
          <Picker
            label={t('rows_explained')}
            value={own ? String(own.row) : ''}
            options={[
              ...(own ? [] : [{ id: '', name: '–' }]),
              ...explained.map((e) => ({ id: String(e.row), name: whyShown(section, e.row, t('row')) })),
            ]}
            onChange={(row) => setOption('why', row)}
          />
        )}
        {isLive && (
          <form
            className="inline-form"
            onSubmit={(event) => {
              event.preventDefault();
              setOption('why', text);
            }}
          >
            <label className="picker">
              <span>{t('any_row')}</span>
              <input
                type="number"
                required
                min={0}
                max={Math.max(0, info.n_rows - 1)}
                step={1}
                value={text}
                onChange={(e) => setText(e.target.value)}
              />
            </label>
            <button type="submit">{t('explain_row')}</button>
          </form>
        )}
      </div>
      {!isLive && <NeedsLive what={t('any_row')} />}
      {own ? (
        <div className="row-why">
          <BlockFigure section={section} block={own.block} />
          <RowFacts section={section} row={own.row} />
        </div>
      ) : (
        asked !== null && Number.isInteger(asked) && isLive && <AnyRow row={asked} />
      )}
      {isLive && (own || asked !== null) && (
        <p>
          <a href={viewHref(route, 'counterfactuals', { row: String(own?.row ?? asked) })}>
            {t('change_row', { n: count(own?.row ?? asked ?? 0) })}
          </a>
        </p>
      )}
    </section>
  );
}

function whyShown(section: Section, row: number, word: string): string {
  const table = lookAt(section).table('rows');
  const frame = table ? frameOf(lookAt(section), table) : null;
  const at = frame ? placeOf(frame.column('row'), row) : -1;
  const why = at < 0 ? '' : (frame?.column('why')?.cell(at).text ?? '');
  return why ? `${word} ${row}: ${why}` : `${word} ${row}`;
}

const placeOf = (rows: Column | null, row: number): number =>
  rows ? Array.from({ length: rows.n }, (_, i) => rows.value(i)).indexOf(row) : -1;

/** What the document says of the row beside its waterfall. */
function RowFacts({ section, row }: { section: Section; row: number }): ReactElement | null {
  const t = useWords();
  const table = lookAt(section).table('rows');
  const frame = table ? frameOf(lookAt(section), table) : null;
  const at = frame ? placeOf(frame.column('row'), row) : -1;
  if (!frame || at < 0) return null;
  return (
    <aside className="facts" aria-label={t('select_row', { n: row })}>
      <h4>{t('select_row', { n: row })}</h4>
      <dl>
        {frame.columns
          .filter((c) => c.id !== 'row' && (c.cell(at).text !== null || c.cell(at).value !== null))
          .map((c) => (
            <div key={c.id}>
              <dt lang="en">{c.title}</dt>
              <dd>
                <bdi>{c.line(at)}</bdi>
              </dd>
            </div>
          ))}
      </dl>
    </aside>
  );
}

/** The explanation of a row that the document does not hold. */
function AnyRow({ row }: { row: number }): ReactElement {
  const { why, progress } = useWhy(row);
  const section = why.data;
  return (
    <>
      {why.isFetching && <Working progress={progress} />}
      <Problem error={why.error} />
      {section?.blocks
        .filter((block) => block.id === `row_${row}`)
        .map((block) => (
          <div key={block.id} className="row-why">
            <BlockFigure section={section} block={block} />
            <RowFacts section={section} row={row} />
          </div>
        ))}
    </>
  );
}
